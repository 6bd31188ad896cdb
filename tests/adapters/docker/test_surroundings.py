"""Names, networks, name servers, images' names, and what a machine can do."""

import asyncio
from ipaddress import IPv4Network
from itertools import islice
from typing import Any, cast

import pytest
from aiodocker import DockerError
from hypothesis import given
from hypothesis import strategies as st

from mydocker.adapters.docker.engine import Engine
from mydocker.adapters.docker.machine import hard_limit_in, is_too_old, open_files, shortcomings
from mydocker.adapters.docker.names import BUILDS, Names
from mydocker.adapters.docker.networks import (
    Networks,
    addresses_of,
    candidates,
    network_body,
    network_differences,
    routed,
    subnets_of,
)
from mydocker.adapters.docker.reference import parse_reference
from mydocker.adapters.docker.resolvers import NOWHERE, resolvers_in
from mydocker.domain.environments import NetworkPolicy
from mydocker.ports.errors import Unavailable

NAMES = Names("0a1b2c")
ROUTES = """Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
"""


# --- names ------------------------------------------------------------------------------------


def test_names_fit_and_tell_installations_apart() -> None:
    assert NAMES.container("r7") == "md-0a1b2c-r7"
    assert NAMES.network(NetworkPolicy.NONE) == "container:md-0a1b2c-none"
    bridges = ["md0a1b2c-o", "md0a1b2c-c", "md0a1b2c-n"]
    assert [NAMES.bridge(policy) for policy in NetworkPolicy] == bridges
    assert NAMES.hostname("r7") != Names("0a1b2d").hostname("r7")
    assert "r7" not in NAMES.hostname("r7")
    assert (NAMES.network(BUILDS), NAMES.bridge(BUILDS)) == (
        "container:md-0a1b2c-builds",
        "md0a1b2c-b",
    )


@pytest.mark.parametrize("run", ["", "../x", "a/b", "a b", "é", "a" * 200, "a?force=1"])
def test_what_is_no_run_s_id_makes_no_name(run: str) -> None:
    with pytest.raises(ValueError, match="not a run"):
        NAMES.container(run)


@pytest.mark.parametrize("instance", ["", "abc", "ABCDEF", "0a1b2c3", "zzzzzz"])
def test_an_instance_is_six_hex_digits(instance: str) -> None:
    with pytest.raises(ValueError, match="six hex digits"):
        Names(instance)


# --- networks ---------------------------------------------------------------------------------


def test_routes_are_read_without_the_default_one() -> None:
    assert list(routed(ROUTES)) == [IPv4Network("172.17.0.0/16"), IPv4Network("192.0.2.0/24")]


@given(
    st.integers(0, 0xFFFFFF).map(lambda n: f"{n:06x}"),
    st.lists(
        st.sampled_from(["172.16.0.0/12", "172.20.0.0/16", "10.0.0.0/8", "192.168.4.0/24"]).map(
            IPv4Network
        )
    ),
)
def test_a_free_subnet_is_large_and_overlaps_nothing(
    instance: str, taken: list[IPv4Network]
) -> None:
    for subnet in islice(candidates(instance, taken), 20):
        assert subnet.prefixlen <= 20
        assert subnet.is_private
        assert not any(subnet.overlaps(other) for other in taken)


def test_some_subnet_is_left_even_beside_two_whole_ranges() -> None:
    taken = [IPv4Network("172.16.0.0/12"), IPv4Network("10.0.0.0/8")]
    assert next(candidates("0a1b2c", taken)).subnet_of(IPv4Network("192.168.0.0/16"))


def test_subnets_of_the_engine_s_networks_are_read() -> None:
    networks = [
        {"IPAM": {"Config": [{"Subnet": "172.18.0.0/20"}, {"Subnet": "fd00::/64"}]}},
        {"IPAM": {"Config": None}},
        {},
    ]
    assert list(subnets_of(networks)) == [IPv4Network("172.18.0.0/20")]


@pytest.mark.parametrize("policy", NetworkPolicy)
def test_a_network_that_is_not_as_it_must_be_is_seen(policy: NetworkPolicy) -> None:
    wanted = network_body(NAMES, policy)
    assert wanted["Internal"] is (policy is NetworkPolicy.NONE)
    assert wanted["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    assert network_differences(wanted, {**wanted, "Id": "x"}) == []
    for key in ("Driver", "Internal", "EnableIPv6"):
        assert network_differences(wanted, {**wanted, key: "other"}) == [key]
    assert network_differences(wanted, {**wanted, "Options": None}) == list(wanted["Options"])
    assert network_differences(wanted, {**wanted, "Labels": {}}) == list(wanted["Labels"])
    asked = addresses_of(policy, IPv4Network("172.18.16.0/20"))
    is_closed = policy is NetworkPolicy.ONCE_CLAIMED
    assert network_differences(wanted, {**wanted, "IPAM": asked}, way_out=not is_closed) == []
    assert len(network_differences(wanted, {**wanted, "IPAM": asked}, way_out=is_closed)) == 1


# --- name servers -----------------------------------------------------------------------------


def test_loopback_name_servers_are_never_given_to_containers() -> None:
    stub = "nameserver 127.0.0.53\noptions edns0\n"
    real = "# comment\nnameserver 192.0.2.53\nnameserver fd00::1\nnameserver 192.0.2.54 # two\n"
    assert resolvers_in([stub, real]) == ("192.0.2.53", "192.0.2.54")
    assert resolvers_in([real, stub]) == ("192.0.2.53", "192.0.2.54")
    assert resolvers_in([stub]) == (NOWHERE,)
    assert resolvers_in([]) == (NOWHERE,)
    assert resolvers_in(["nameserver\nnameserver 0.0.0.0\nnameserver x"]) == (NOWHERE,)


# --- images' names ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("tiny", "tiny", "latest"),
        ("mydocker/tiny:1.0-b_2", "mydocker/tiny", "1.0-b_2"),
        ("127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b", "c"),
        ("registry.example.org/x", "registry.example.org/x", "latest"),
        (f"x:1@sha256:{'0' * 64}", "x", f"sha256:{'0' * 64}"),
        ("localhost:5000/x", "localhost:5000/x", "latest"),
    ],
)
def test_names_of_images_are_read(text: str, name: str, version: str) -> None:
    reference = parse_reference(text)
    assert reference is not None
    assert (reference.name, reference.version) == (name, version)


@pytest.mark.parametrize(
    "text", ["", " ", "No/Such", "../x", "x:", "x@sha256:12", "x?y=1", "x#y", "a//b", "x:1 ", "é"]
)
def test_what_is_no_image_s_name_is_not_read(text: str) -> None:
    assert parse_reference(text) is None


# --- machine ----------------------------------------------------------------------------------

ABLE = {
    "MemoryLimit": True,
    "SwapLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
    "BridgeNfIptables": True,
    "SecurityOptions": ["name=seccomp,profile=default"],
}


def test_an_engine_that_can_all_has_no_shortcomings() -> None:
    assert shortcomings(ABLE) == []
    assert shortcomings({"SecurityOptions": ["name=seccomp,profile=builtin"]}) == []


@pytest.mark.parametrize("key", [key for key in ABLE if key != "SecurityOptions"])
def test_what_an_engine_cannot_is_named(key: str) -> None:
    assert shortcomings({**ABLE, key: False}) == [key]


@pytest.mark.parametrize("options", [None, [], ["name=seccomp,profile=unconfined"]])
def test_an_engine_without_a_system_call_filter_is_named(options: list[str] | None) -> None:
    assert shortcomings({**ABLE, "SecurityOptions": options}) == ["seccomp"]


def test_engines_before_20_10_are_too_old() -> None:
    assert is_too_old("1.40")
    assert not is_too_old("1.41")
    assert not is_too_old("2.0")


def test_the_limit_of_open_files_is_read() -> None:
    text = "Limit  Soft Limit Hard Limit Units\nMax open files            1024      20000   files\n"
    assert hard_limit_in(text) == 20_000
    assert hard_limit_in(text.replace("20000", "unlimited")) is None
    assert hard_limit_in("") is None
    assert open_files("/no/such/socket") > 0


class Picky:
    """An engine that takes no colon in a network's name."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.refuses_all = False

    async def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        await asyncio.sleep(0)
        if self.refuses_all:
            raise DockerError(500, "out of order")
        if path == "networks":
            return []
        if ":" in body["Name"]:
            raise DockerError(400, "invalid network name")
        self.made.append(body["Name"])
        return {"Id": body["Name"].encode().hex()}


@pytest.mark.asyncio
async def test_an_engine_that_refuses_the_name_gets_an_ordinary_one() -> None:
    picky = Picky()
    networks = Networks(cast(Engine, picky), NAMES)
    assert set(await networks.ids()) == set(NetworkPolicy)
    assert picky.made == [NAMES.plain_network(policy) for policy in NetworkPolicy]


@pytest.mark.asyncio
async def test_nobody_sees_half_of_the_networks() -> None:
    picky = Picky()
    networks = Networks(cast(Engine, picky), NAMES)
    *found, _ = await asyncio.gather(*(networks.ids() for _ in range(5)), networks.ensure())
    assert all(set(each or ()) == set(NetworkPolicy) for each in found)
    picky.refuses_all = True
    with pytest.raises(Unavailable):
        await networks.ensure()
    assert set(await networks.ids()) == set(NetworkPolicy)
