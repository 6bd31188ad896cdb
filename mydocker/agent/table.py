"""The text of the node's nftables table: what containers of each network policy may reach.

Pure: values in, text out. The rules know interface names only, so they hold before a bridge
exists, whatever its subnet, and for bridges of ours that nobody listed (which reach nothing).
A drop in any table is final, so the engine's own rules cannot undo these; what is accepted
here still has to pass the engine's. Nothing is counted and no state is kept of what goes out:
a list made tighter holds for open connections too.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from mydocker.agent.shapes import Bridge, Destination

PRIVATE = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
    )
)
"""RFC 1918, 3927, 5735, 6598: this network, private, shared, loopback, link-local (cloud
metadata), multicast, reserved, broadcast."""


def render(
    instance: str,
    bridges: Iterable[Bridge],
    allow: Iterable[Destination],
    resolvers: Iterable[IPv4Address],
    networks: Iterable[IPv4Network],
) -> str:
    """Write the transaction that replaces the table `mydocker_<instance>` in one go.

    `networks` are those the node is directly on: its neighbours are no internet.
    """
    name = f"inet mydocker_{instance}"
    allowed = sorted({f"{d.address} . {d.protocol} . {d.port}" for d in allow})
    opened = sorted({f'"{bridge.name}"' for bridge in bridges if bridge.policy == "open"})
    return _TABLE.format(
        name=name,
        ours=f'"md{instance}-*"',
        open=_elements(opened),
        resolvers=_elements(sorted(set(resolvers))),
        allowed=_elements(allowed),
        denied=_elements(collapse_addresses([*PRIVATE, *networks])),
    )


def _elements(values: Iterable[object]) -> str:
    text = ", ".join(map(str, values))
    return f"elements = {{ {text} }}" if text else ""


_TABLE = """\
table {name}
delete table {name}
table {name} {{
  set open {{ type ifname; {open} }}
  set resolvers {{ type ipv4_addr; {resolvers} }}
  set allowed {{ type ipv4_addr . inet_proto . inet_service; {allowed} }}
  set denied {{ type ipv4_addr; flags interval; {denied} }}

  chain excepted {{
    meta l4proto {{ tcp, udp }} th dport 53 ip daddr @resolvers accept
    ip daddr . meta l4proto . th dport @allowed accept
  }}
  chain outward {{
    oifname {ours} drop
    iifname != @open drop
    jump excepted
    ip daddr @denied drop
  }}
  chain inward {{
    ct state established,related accept
    drop
  }}
  chain to_host {{
    ct state established,related accept
    iifname != @open drop
    jump excepted
    drop
  }}
  chain prerouting {{
    type filter hook prerouting priority raw; policy accept;
    iifname {ours} meta nfproto != ipv4 drop
    iifname {ours} fib saddr . iif oif missing drop
  }}
  chain forward {{
    type filter hook forward priority filter - 5; policy accept;
    iifname {ours} goto outward
    oifname {ours} goto inward
  }}
  chain input {{
    type filter hook input priority filter - 5; policy accept;
    iifname {ours} goto to_host
  }}
}}
"""
