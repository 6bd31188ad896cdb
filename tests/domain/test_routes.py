"""Host names of runs and their routes."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.environments import Auth, Environment, Interface, Port, Protocol, Text
from mydocker.domain.routes import (
    LABEL_LENGTH,
    RANDOM_BYTES,
    WantedRoute,
    authorization,
    host_label,
    is_run_host,
    label_of,
    wanted_routes,
)

APPS = "mydocker-apps.localhost"
LABEL = "abcdefghijklmnopq234"


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
def test_a_label_is_a_run_host(randomness: bytes) -> None:
    label = host_label(randomness)
    assert len(label) == LABEL_LENGTH
    assert is_run_host(f"{label}.{APPS}", APPS)


@given(st.sets(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES), min_size=2, max_size=2))
def test_a_hundred_bits_tell_labels_apart(two: set[bytes]) -> None:
    one, other = two
    # The last four of the 104 bits are not used.
    if one[:-1] != other[:-1] or one[-1] >> 4 != other[-1] >> 4:
        assert host_label(one) != host_label(other)


def test_a_label_is_not_made_of_little_randomness() -> None:
    with pytest.raises(ValueError, match="13 random bytes"):
        host_label(b"x" * 12)


@pytest.mark.parametrize(
    "host", [f"{LABEL}.{APPS}", f"{LABEL.upper()}.{APPS}:8080", f"{LABEL}.{APPS}."]
)
def test_a_run_host_is_known_as_browsers_write_it(host: str) -> None:
    assert label_of(host, APPS) == LABEL


@pytest.mark.parametrize(
    "host",
    [
        "", APPS, f".{APPS}", f"x.{APPS}", f"{LABEL}x.{APPS}", f"a.{LABEL}.{APPS}", LABEL,
        f"{LABEL}.evil.example", f"{LABEL}.{APPS}.evil.example", f"{LABEL[:-1]}1.{APPS}",
        f"{LABEL[:-1]}é.{APPS}", f"{LABEL}.x{APPS}", f"{LABEL}\n.{APPS}", "mydocker.localhost",
    ],
)  # fmt: skip
def test_other_hosts_are_not(host: str) -> None:
    assert not is_run_host(host, APPS)


@given(st.text(max_size=60))
def test_any_host_is_judged(host: str) -> None:
    assert not is_run_host(host, APPS) or len(label_of(host, APPS) or "") == LABEL_LENGTH


def test_each_host_of_a_run_is_a_route_with_what_its_application_wants() -> None:
    text = Text("a", "a")
    environment = Environment(
        "x", text, "image",
        ports=(Port(8888), Port(6080), Port(8080), Port(22, Protocol.SSH)),
        interfaces=(
            Interface("plain", text, "https://{{HOST['8888']}}/x"),
            Interface("lab", text, "https://{{HOST['8888']}}/lab", Auth.JUPYTER),
            Interface("desktop", text, "https://{{HOST['6080']}}/", Auth.BASIC),
            Interface("code", text, "https://{{HOST['8080']}}/?t={{PASSWORD}}", Auth.LINK),
            Interface("docs", text, "https://example.org/"),
        ),
    )  # fmt: skip
    hosts = {8888: "a.apps", 6080: "b.apps", 8080: "c.apps"}
    routes = wanted_routes(environment, "run", hosts, "172.30.0.2", "curie", "p:4é")
    basic = "Basic " + base64.b64encode("curie:p:4é".encode()).decode()
    assert routes == (
        WantedRoute("b.apps", "run", "172.30.0.2", 6080, basic),
        WantedRoute("c.apps", "run", "172.30.0.2", 8080, ""),
        WantedRoute("a.apps", "run", "172.30.0.2", 8888, "token p:4é"),
    )


def test_nothing_is_added_for_an_application_that_asks_itself() -> None:
    assert authorization(Auth.NONE, "u", "p") == authorization(Auth.LINK, "u", "p") == ""
