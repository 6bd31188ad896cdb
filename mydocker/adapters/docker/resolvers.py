"""Which name servers containers ask: the host's real ones, never a loopback address.

Before 23.0.11 the engine forwards to a loopback resolver from the host's own network namespace,
past every rule for containers (CVE-2024-29018), and later ones cannot reach it.
"""

from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

FILES = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
NOWHERE = "198.51.100.53"
"""TEST-NET-2 (RFC 5737): names do not resolve, and nobody else is asked instead."""
MOST = 3
"""What libc reads (resolv.conf(5), MAXNS)."""


def resolvers_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Take the usable name servers of the first `resolv.conf` that has any.

    IPv4 only, as the containers' networks are. Never empty.
    """
    for text in texts:
        found = tuple(str(address) for address in _addresses(text) if _usable(address))
        if found:
            return found[:MOST]
    return (NOWHERE,)


def host_resolvers() -> tuple[str, ...]:
    """Read this machine's; where a local stub stands in front, the ones behind it."""
    return resolvers_in(path.read_text() for path in FILES if path.is_file())


def _addresses(text: str) -> Iterable[IPv4Address]:
    for line in text.splitlines():
        match line.split():
            case ["nameserver", address, *_]:
                try:
                    yield IPv4Address(address)
                except AddressValueError:
                    continue


def _usable(address: IPv4Address) -> bool:
    return not (address.is_loopback or address.is_unspecified or address.is_multicast)
