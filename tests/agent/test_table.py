"""The text of the node's table."""

import re
from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from mydocker.agent.shapes import Bridge, Destination
from mydocker.agent.table import render


def denied(*networks: IPv4Network) -> list[IPv4Network]:
    text = render("abc123", [], [], [], networks)
    elements = re.search(r"set denied .*elements = \{ ([^}]*) \}", text)
    assert elements
    return [IPv4Network(word) for word in elements[1].split(", ")]


@given(st.ip_addresses(v=4).filter(lambda address: not address.is_global))
def test_no_address_that_is_not_the_internets_is_open(address: IPv4Address) -> None:
    documentation = ("192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
                     "203.0.113.0/24")  # fmt: skip
    if not any(address in IPv4Network(text) for text in documentation):
        assert any(address in network for network in denied())


@given(st.lists(st.ip_addresses(v=4).map(lambda a: IPv4Network(f"{a}/24", strict=False))))
def test_the_nodes_own_networks_are_closed_and_ranges_never_overlap(
    networks: list[IPv4Network],
) -> None:
    closed = denied(*networks)
    assert all(any(network.subnet_of(range_) for range_ in closed) for network in networks)
    for one, two in zip(sorted(closed), sorted(closed)[1:], strict=False):
        assert not one.overlaps(two)


def test_only_open_bridges_are_named_and_the_others_are_closed_by_the_prefix() -> None:
    bridges = [Bridge("mdabc123-o", "open"), Bridge("mdabc123-n", "none")]
    text = render("abc123", bridges, [], [], [])
    assert 'set open { type ifname; elements = { "mdabc123-o" } }' in text
    assert "mdabc123-n" not in text
    assert text.count('iifname "mdabc123-*"') == 4


def test_whatever_is_not_ipv4_ends_before_anything_else_is_asked() -> None:
    rules = render("abc123", [], [], [], []).split("chain prerouting {")[1].splitlines()
    assert rules[2].strip() == 'iifname "mdabc123-*" meta nfproto != ipv4 drop'


def test_the_same_wish_gives_the_same_text_in_any_order() -> None:
    one, two = (Destination(IPv4Address(f"10.0.0.{n}"), 443, "tcp") for n in (1, 2))
    resolvers = [IPv4Address("10.0.0.53"), IPv4Address("10.0.0.54")]
    bridges = [Bridge("mdabc123-a", "open"), Bridge("mdabc123-b", "open")]
    texts = {
        render("abc123", bridges, [one, two, two], resolvers, []),
        render("abc123", bridges[::-1], [two, one], resolvers[::-1], []),
    }
    assert len(texts) == 1
