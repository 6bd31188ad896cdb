"""The node's firewall: loads the table, tells whether it still stands, cuts open connections.

The table outlives the agent. What was wanted last, and what the kernel then listed, is kept in
the data folder, so that a later agent can tell a table that stands from one that was touched.
"""

import hashlib
import ipaddress
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from mydocker.agent import tools
from mydocker.agent.errors import refused, unavailable
from mydocker.agent.kernel import opened
from mydocker.agent.shapes import Bridge, Destination
from mydocker.agent.table import render

_RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
_ENGINE_SETTINGS = Path("/etc/docker/daemon.json")
_ROUTES = Path("/proc/net/route")
_BRIDGED = Path("/proc/sys/net/bridge")
_WIDEST_NETWORK = 8
_MEMORY = "firewall.json"


class Firewall:
    """The table of one installation. The caller holds one lock around loading."""

    def __init__(
        self, instance: str, memory: int, resolver_files: Sequence[Path] = _RESOLVERS
    ) -> None:
        self._instance = instance
        self._ours = re.compile(f"md{instance}-[a-z0-9]{{1,6}}")
        self._table = ("table", "inet", f"mydocker_{instance}")
        self._memory = memory
        self._resolver_files = resolver_files

    def is_possible(self) -> bool:
        """Whether this node can have the table at all."""
        return tools.run("nft", "list", "tables").returncode == 0

    def load(self, bridges: Sequence[Bridge], allow: Sequence[Destination]) -> object:
        """Put the table in the place of any earlier one, in one go. Repeatable.

        Refused: `not_ours`, `no_bridge_filter`, and `firewall_rejected` with what `nft` said;
        nothing has changed then.
        """
        if not all(self._ours.fullmatch(bridge.name) for bridge in bridges):
            raise refused("not_ours", "A bridge's name is not one of this installation.")
        _filter_bridged_frames()
        text = self._text(bridges, allow)
        for words in (("nft", "-c", "-f", "-"), ("nft", "-f", "-")):
            done = tools.run(*words, stdin=text)
            if done.returncode:
                raise refused("firewall_rejected", done.stderr.strip()[:500])
        named = [(bridge.name, bridge.policy) for bridge in bridges]
        listed = [(str(place.address), place.port, place.protocol) for place in allow]
        self._remember([named, listed, _digest(text), self._listing()])
        _hasten_neighbours(bridges)
        return self.state()

    def state(self) -> object:
        """Say whether the table stands as last wanted, and whom containers may ask for names."""
        problem = self._problem()
        resolvers = [str(address) for address in self._resolvers()]
        return {"loaded": not problem, "problem": problem, "resolvers": resolvers}

    def _problem(self) -> str:
        try:
            named, listed, text, listing = self._remembered()
        except FileNotFoundError:
            return "The firewall was never loaded."
        if self._listing() != listing:
            return "The firewall's table is missing or was changed by somebody else."
        bridges = [Bridge(*words) for words in named]
        allow = [Destination(IPv4Address(words[0]), *words[1:]) for words in listed]
        if _digest(self._text(bridges, allow)) != text:
            return "The node's networks or resolvers have changed since."
        if not _bridged_frames_are_filtered():
            return "The kernel does not show bridged packets to the firewall."
        return ""

    def _resolvers(self) -> list[IPv4Address]:
        """Whom containers may ask for names: the resolvers of the host and of the engine."""
        return sorted(set(_resolvers(self._resolver_files)))

    def cut(self, address: IPv4Address) -> object:
        """Destroy the host's TCP connections to a container; tells how many.

        Refused (`not_ours`) unless the address is reached through a bridge of ours.
        """
        self.hosts_address_towards(address)
        words = ("ss", "-H", "-t", "-n", "dst", str(address))
        killed = tools.run(*words, "-K").stdout.count("\n")
        if tools.run(*words).stdout.strip():
            raise unavailable("still_connected", f"Connections to {address} are still open.")
        return {"cut": killed}

    def hosts_address_towards(self, address: IPv4Address) -> str:
        """Return the host's own address on the bridge of ours behind which this one is.

        Refused: `not_ours`.
        """
        route = tools.run("ip", "-4", "-j", "route", "get", str(address))
        way = json.loads(route.stdout)[0] if route.returncode == 0 else {}
        if way.get("type") == "local" or not self._ours.fullmatch(way.get("dev", "")):
            raise refused("not_ours", f"{address} is not behind a bridge of this installation.")
        return str(way["prefsrc"])

    def _text(self, bridges: Sequence[Bridge], allow: Sequence[Destination]) -> str:
        return render(self._instance, bridges, allow, self._resolvers(), _networks())

    def _listing(self) -> str:
        done = tools.run("nft", "-s", "list", *self._table)
        return _digest(done.stdout) if done.returncode == 0 else ""

    def _remember(self, wanted: object) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        handle = os.open(f"{_MEMORY}.new", flags, 0o600, dir_fd=self._memory)
        with os.fdopen(handle, "w") as file:
            json.dump(wanted, file)
        os.rename(f"{_MEMORY}.new", _MEMORY, src_dir_fd=self._memory, dst_dir_fd=self._memory)

    def _remembered(self) -> Any:
        with opened(self._memory, _MEMORY, os.O_RDONLY) as handle:
            return json.loads(os.read(handle, 1 << 20))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _hasten_neighbours(bridges: Sequence[Bridge]) -> None:
    """Ask again after 20 ms who has a container's address: the first question to a new one is
    often lost, and the kernel's own second (arp(7), `retrans_time_ms`) would be half of a start.
    """
    for bridge in bridges:
        path = Path("/proc/sys/net/ipv4/neigh") / bridge.name / "retrans_time_ms"
        with suppress(OSError):  # the bridge went meanwhile; it is made again with its rules
            path.write_text("20")


def _bridged_switches() -> Iterator[Path]:
    for family in ("iptables", "ip6tables"):
        yield _BRIDGED / f"bridge-nf-call-{family}"


def _bridged_frames_are_filtered() -> bool:
    with suppress(FileNotFoundError):
        return all(switch.read_text().strip() == "1" for switch in _bridged_switches())
    return False


def _filter_bridged_frames() -> None:
    """Neighbours on one bridge meet the firewall only if the kernel shows it bridged packets."""
    if not _BRIDGED.exists():
        tools.run("modprobe", "br_netfilter")
    try:
        for switch in _bridged_switches():
            switch.write_text("1")
    except FileNotFoundError as error:
        text = "The kernel lacks br_netfilter, so neighbours could not be kept apart."
        raise refused("no_bridge_filter", text) from error


def _resolvers(files: Sequence[Path]) -> Iterator[IPv4Address]:
    words: list[object] = []
    for file in files:
        with suppress(OSError):
            lines = [line.split() for line in file.read_text().splitlines()]
            words += [line[1] for line in lines if line[:1] == ["nameserver"] and len(line) > 1]
    with suppress(OSError, ValueError, AttributeError, TypeError):
        words += json.loads(_ENGINE_SETTINGS.read_text()).get("dns", [])
    for word in words:
        with suppress(ValueError):
            address = ipaddress.ip_address(str(word))
            if isinstance(address, IPv4Address) and not address.is_loopback:
                yield address


def _networks() -> Iterator[IPv4Network]:
    """Networks the node is directly on, by the main routing table (`proc_net(5)`)."""
    for line in _ROUTES.read_text().splitlines()[1:]:
        _, destination, gateway, *others = line.split()
        mask = others[4]
        if int(gateway, 16) == 0:
            network = IPv4Network((_address(destination), str(_address(mask))))
            if network.prefixlen >= _WIDEST_NETWORK:
                yield network


def _address(word: str) -> IPv4Address:
    return IPv4Address(int.from_bytes(bytes.fromhex(word), sys.byteorder))
