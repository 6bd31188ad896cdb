"""What only a real engine can show: isolation as set, networks, mounts, other people's things."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from mydocker.adapters.docker import DockerDriver
from mydocker.adapters.docker.driver import ENDS_AT_ONCE
from mydocker.adapters.docker.names import Names
from mydocker.domain.environments import NetworkPolicy
from mydocker.domain.failures import Cause
from mydocker.domain.runs import ContainerStatus
from mydocker.ports.driver import Mount, RunPlan
from mydocker.ports.errors import Refused
from tests.adapters.docker.corner import Corner, ask, corner
from tests.adapters.docker.running import (
    MIB,
    SOON,
    driver_in,
    make_plan,
    python,
    run_to_end,
    says,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.engine]

Plan = Callable[..., RunPlan]
SERVES = """
import socket
server = socket.create_server(("", 8888))
print("serving", flush=True)
while True:
    connection, _ = server.accept()
    connection.sendall(b"hello")
    connection.close()
"""
REACHES = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), 3) as connection:
        print(connection.recv(9).decode() or "open")
except OSError as error:
    print("closed")
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Corner]:
    with corner() as made:
        yield made


@pytest_asyncio.fixture
async def driver(place: Corner) -> AsyncIterator[DockerDriver]:
    async with driver_in(place) as made:
        yield made


@pytest.fixture
def plan(place: Corner) -> Plan:
    return partial(make_plan, place)


async def reach(driver: DockerDriver, run: str, address: str, port: int) -> str:
    words = python(REACHES, address, str(port))
    _, said = await driver.execute(run, words, SOON)
    return said.strip()


# --- what was asked for is there --------------------------------------------------------------


async def test_a_container_names_nobody(driver: DockerDriver, place: Corner, plan: Plan) -> None:
    await driver.launch(plan("a"))
    found = place.inspect("a")
    assert found["Name"] == f"/md-{place.instance}-a"
    assert found["Config"]["Hostname"] == Names(place.instance).hostname("a")
    assert found["Config"]["Labels"] == {
        "org.mydocker.instance": place.instance,
        "org.mydocker.run": "a",
        "org.mydocker.pool": "default",
    }


async def test_its_variables_command_and_user_are_the_plan_s(
    driver: DockerDriver, plan: Plan
) -> None:
    script = "echo $COLOUR $SPACES; id -u; id -g; ulimit -n"
    variables = {"COLOUR": "blue", "SPACES": "a = b"}
    said = await run_to_end(driver, plan("a", ("sh", "-c", script), variables=variables))
    assert said[:3] == ["blue a = b", "1000", "1000"]
    assert 1024 <= int(said[3]) <= 16_384


async def test_an_engine_that_drops_a_setting_is_refused_and_nothing_stays(
    driver: DockerDriver, place: Corner, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container created without its pids limit stands for an engine that dropped it."""
    asked = driver._engine.ask

    async def drop(path: str, method: str = "GET", **rest: Any) -> Any:
        if path == "containers/create":
            host = {**rest["body"]["HostConfig"], "PidsLimit": 0}
            rest["body"] = {**rest["body"], "HostConfig": host}
        return await asked(path, method, **rest)

    monkeypatch.setattr(driver._engine, "ask", drop)
    with pytest.raises(Refused, match="PidsLimit") as refused:
        await driver.launch(plan("a"))
    assert refused.value.code == Cause.ISOLATION_MISSING
    assert place.containers() == []


async def test_a_container_left_from_before_a_change_is_made_anew(
    driver: DockerDriver, place: Corner, plan: Plan
) -> None:
    body = {
        "Image": place.image,
        "Cmd": ["sleep", "600"],
        "Labels": dict(Names(place.instance).labels("a")),
    }
    status, _ = ask("POST", f"containers/create?name=md-{place.instance}-a", body)
    assert status == 201
    assert (await driver.launch(plan("a"))).status is ContainerStatus.RUNNING
    assert place.inspect("a")["HostConfig"]["PidsLimit"] == 64


# --- other people's things --------------------------------------------------------------------


async def test_a_container_of_our_name_that_is_not_ours_is_left_alone(
    driver: DockerDriver, place: Corner, plan: Plan
) -> None:
    name = f"md-{place.instance}-a"
    body = {"Image": place.image, "Cmd": ["sleep", "600"]}
    try:
        assert ask("POST", f"containers/create?name={name}", body)[0] == 201
        assert (await driver.look("a")).status is ContainerStatus.ABSENT
        await driver.remove("a", timedelta(0))
        assert ask("GET", f"containers/{name}/json")[0] == 200
    finally:
        ask("DELETE", f"containers/{name}?force=1")


async def test_two_installations_live_side_by_side(
    driver: DockerDriver, place: Corner, plan: Plan
) -> None:
    with corner() as other_place:
        async with driver_in(other_place) as other:
            bridges = {*(await driver.prepare()).values(), *(await other.prepare()).values()}
            assert len(bridges) == 2 * len(NetworkPolicy)
            ours = await driver.launch(plan("a"))
            theirs = await other.launch(make_plan(other_place, "a"))
            assert ours.container != theirs.container
            await other.remove("a", timedelta(0))
            assert await driver.look("a") == ours


# --- hopeless plans ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"mounts": [Mount("/no/such/folder", "/home/x")]}, Cause.HOME_UNAVAILABLE),
        ({"mounts": [Mount("/etc", "/home/x")]}, Cause.HOME_UNAVAILABLE),
        ({"command": []}, Cause.COMMAND_MISSING),
        ({"command": ["nope"]}, Cause.COMMAND_MISSING),
        ({"command": ["/tmp"]}, Cause.COMMAND_MISSING),
        ({"user": "bob"}, Cause.ENGINE_REFUSED),
        ({"memory_bytes": MIB}, Cause.ENGINE_REFUSED),
    ],
    ids=["no-home", "unshared-home", "no-command", "unknown", "no-program", "user", "memory"],
)
async def test_a_hopeless_plan_fails_at_once_and_leaves_nothing(
    driver: DockerDriver, place: Corner, plan: Plan, changes: dict[str, Any], cause: Cause
) -> None:
    code = None
    try:
        await driver.launch(plan("a", **changes))
    except Refused as refused:
        code = refused.code
    if code is None:
        # The engine's init found it out after the engine had called it started.
        assert cause is Cause.COMMAND_MISSING
        await run_to_end(driver, plan("a", **changes))
        ended = await driver.look("a")
        assert ended.exit is not None
        assert "failed" in ended.exit.error
    else:
        assert code == cause
        assert place.containers() == []


# --- networks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", NetworkPolicy)
async def test_the_host_reaches_a_container_whatever_the_policy(
    driver: DockerDriver, plan: Plan, policy: NetworkPolicy
) -> None:
    seen = await driver.launch(plan("a", python(SERVES), network=policy))
    await says(driver, "a", "serving")
    async with asyncio.timeout(SOON.total_seconds()):
        reader, writer = await asyncio.open_connection(seen.address, 8888)
        assert await reader.read() == b"hello"
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("policy", NetworkPolicy)
async def test_containers_do_not_reach_one_another(
    driver: DockerDriver, plan: Plan, policy: NetworkPolicy
) -> None:
    server = await driver.launch(plan("a", python(SERVES), network=policy))
    await says(driver, "a", "serving")
    await driver.launch(plan("b", network=policy))
    await driver.launch(plan("c", network=NetworkPolicy.OPEN))
    assert server.address is not None
    assert await reach(driver, "a", "127.0.0.1", 8888) == "hello"
    for run in ("b", "c"):
        assert await reach(driver, run, server.address, 8888) == "closed"


async def test_who_is_let_out_later_has_a_route_to_nobody(
    driver: DockerDriver, place: Corner, plan: Plan
) -> None:
    for run, policy in (("a", NetworkPolicy.ONCE_CLAIMED), ("b", NetworkPolicy.OPEN)):
        await driver.launch(plan(run, network=policy))
        (network,) = place.inspect(run)["NetworkSettings"]["Networks"].values()
        subnet = IPv4Network(f"{network['IPAddress']}/{network['IPPrefixLen']}", strict=False)
        nobody, bridge = subnet.broadcast_address - 1, subnet.network_address + 1
        there = nobody if policy is NetworkPolicy.ONCE_CLAIMED else bridge
        status, routes = await driver.execute(run, ("cat", "/proc/net/route"), SOON)
        default = next(line.split()[2] for line in routes.splitlines() if "00000000" in line[:20])
        assert (status, IPv4Address(int(default, 16).to_bytes(4, "little"))) == (0, there)


async def test_networks_are_made_as_they_must_be_and_made_again(
    driver: DockerDriver, place: Corner, plan: Plan
) -> None:
    names = Names(place.instance)
    for policy in NetworkPolicy:
        assert ask("DELETE", f"networks/{names.network(policy)}")[0] == 204
    # A launch after somebody removed the networks mends them by itself.
    assert (await driver.launch(plan("a"))).status is ContainerStatus.RUNNING
    for policy, bridge in (await driver.prepare()).items():
        found = ask("GET", f"networks/{names.network(policy)}")[1]
        assert found["Internal"] is (policy is NetworkPolicy.NONE)
        assert found["EnableIPv6"] is False
        assert found["Options"]["com.docker.network.bridge.enable_icc"] == "false"
        assert bridge in (name for _, name in socket.if_nameindex())


async def test_the_engine_tells_neighbours_nothing_of_one_another(
    driver: DockerDriver, plan: Plan
) -> None:
    """There is no name server of the engine to ask: only those that the plan names."""
    await driver.launch(plan("a"))
    status, resolvers = await driver.execute("a", ("cat", "/etc/resolv.conf"), SOON)
    assert status == 0 and "nameserver" in resolvers and "127.0.0.11" not in resolvers
    asked = python("import socket; s=socket.create_connection(('127.0.0.11', 53), 2)")
    status, said = await driver.execute("a", asked, SOON)
    assert status == 1 and "refused" in said


async def test_a_network_of_another_name_is_taken_as_it_is(
    driver: DockerDriver, place: Corner, plan: Plan
) -> None:
    names = Names(place.instance)
    for policy in NetworkPolicy:
        found = ask("GET", f"networks/{names.network(policy)}")[1]
        ask("DELETE", f"networks/{found['Id']}")
        wanted = ("Driver", "Internal", "EnableIPv6", "IPAM", "Options", "Labels")
        plain = {"Name": names.plain_network(policy), **{key: found[key] for key in wanted}}
        assert ask("POST", "networks/create", plain)[0] == 201
    await driver.prepare()
    assert (await driver.launch(plan("a"))).status is ContainerStatus.RUNNING
    assert ask("GET", f"networks/{names.network(NetworkPolicy.OPEN)}")[0] == 404
    for policy in NetworkPolicy:
        await driver.remove("a", timedelta(0))
        ask("DELETE", f"networks/{names.plain_network(policy)}")


async def test_a_network_that_is_wrong_is_replaced_unless_it_is_in_use(
    driver: DockerDriver, place: Corner, plan: Plan
) -> None:
    name = Names(place.instance).network(NetworkPolicy.NONE)
    ask("DELETE", f"networks/{name}")
    wrong = {"Name": name, "Labels": dict(Names(place.instance).own_label)}
    assert ask("POST", "networks/create", wrong)[0] == 201
    network = ask("GET", f"networks/{name}")[1]["Id"]
    user = {"Image": place.image, "Cmd": ["sleep", "600"], "HostConfig": {"NetworkMode": network}}
    _, made = ask("POST", f"containers/create?name=test-driver-{place.instance}", user)
    try:
        ask("POST", f"containers/{made['Id']}/start")
        with pytest.raises(Refused, match="Internal") as refused:
            await driver.prepare()
        assert refused.value.code == Cause.ISOLATION_MISSING
    finally:
        ask("DELETE", f"containers/{made['Id']}?force=1")
    await driver.prepare()
    assert ask("GET", f"networks/{name}")[1]["Internal"] is True


async def test_two_who_prepare_at_once_make_one_network_each(place: Corner) -> None:
    names = Names(place.instance)
    for policy in NetworkPolicy:
        ask("DELETE", f"networks/{names.network(policy)}")
    drivers = [DockerDriver(place.instance) for _ in range(3)]
    try:
        await asyncio.gather(*(one.prepare() for one in drivers), return_exceptions=True)
        await drivers[0].prepare()
        found = [network["Name"] for network in ask("GET", f"networks?filters={place.filter}")[1]]
        assert sorted(found) == sorted(names.network(policy) for policy in NetworkPolicy)
    finally:
        for one in drivers:
            await one.close()


# --- homes ------------------------------------------------------------------------------------


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[Path]:
    """A folder whose later mounts reach containers that run already, as the agent makes it."""
    folder = tmp_path / "slot"
    folder.mkdir()
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "--make-rshared", folder], check=True)
        yield folder
    finally:
        while subprocess.call(["umount", "--lazy", folder], stderr=subprocess.DEVNULL) == 0:
            pass  # what was mounted upon it comes off first


async def test_a_home_attached_later_appears_in_the_running_container(
    driver: DockerDriver, plan: Plan, slot: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "notes").write_text("mine")
    await driver.launch(plan("a", mounts=[Mount(str(slot), "/home/jovyan")]))
    await asyncio.to_thread(subprocess.check_call, ["mount", "--bind", home, slot])
    words = ("cat", "/home/jovyan/notes")
    assert await driver.execute("a", words, SOON) == (0, "mine")
    await driver.remove("a", timedelta(0))
    assert (home / "notes").read_text() == "mine"


# --- logs -------------------------------------------------------------------------------------


async def test_a_log_survives_what_programs_write(driver: DockerDriver, plan: Plan) -> None:
    script = r"""
import sys
out = sys.stdout.buffer
out.write(b"bar 10%\rbar 100%\r\n")
out.write(b"x" * 1000000 + b"\n")
out.write(b"\xff\xfe caf\xc3\xa9\n")
out.write(b"no end")
"""
    said = await run_to_end(driver, plan("a", python(script)))
    assert said[0] == "bar 100%"
    assert said[1].startswith("xxx") and len(said[1].encode()) == 8192
    assert said[2:] == ["\ufffd\ufffd café", "no end"]


async def test_a_flood_is_followed_to_its_end_and_kept_small(
    driver: DockerDriver, place: Corner, plan: Plan
) -> None:
    script = "for n in range(60000): print(n, 'x' * 90)\nprint('done')"
    said = await run_to_end(driver, plan("a", python(script)))
    assert said[-1] == "done"
    kept = [line.text async for line in driver.logs("a", tail=10**9, follow=False)]
    assert kept[-1] == "done"
    assert sum(map(len, kept)) < 2_200_000


async def test_a_crowd_ends_a_few_at_a_time(
    driver: DockerDriver, place: Corner, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [f"run{number}" for number in range(ENDS_AT_ONCE + 3)]
    await asyncio.gather(*(driver.launch(plan(run, ("sleep", "60"))) for run in runs))
    asked, ending = driver._engine.ask, list[int]()
    under_way = 0

    async def count(path: str, method: str = "GET", **rest: Any) -> Any:
        nonlocal under_way
        if method == "GET":
            return await asked(path, method, **rest)
        under_way += 1
        ending.append(under_way)
        try:
            return await asked(path, method, **rest)
        finally:
            under_way -= 1

    monkeypatch.setattr(driver._engine, "ask", count)
    await asyncio.gather(*(driver.remove(run, timedelta(0)) for run in runs))
    assert max(ending) == ENDS_AT_ONCE
    assert place.containers() == []


@pytest.mark.parametrize("frozen", [False, True])
async def test_a_polite_end_is_heard_before_the_removal(
    driver: DockerDriver, place: Corner, plan: Plan, frozen: bool
) -> None:
    script = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    await driver.launch(plan("a", ("sh", "-c", script)))
    await says(driver, "a", "ready")
    following = asyncio.create_task(says(driver, "a", "bye"))
    if frozen:
        place.act("a", "pause")
    await driver.remove("a", SOON)
    await following
