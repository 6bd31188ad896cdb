"""A small internet around a real engine: containers that attack, and what they would attack."""

import io
import json
import os
import select
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from .process import DEADLINE_S

IMAGE = "test-agent-busybox"
BUSYBOX = Path("/bin/busybox")

LAN, METADATA, INTERNET, RESOLVER = "10.213.7.2", "169.254.213.7", "198.51.100.77", "10.213.7.53"
_UPLINK = "10.213.7.1"
_LATER, _NOBODY = "10.213.8.0/24", "10.213.8.254"

_SERVER = """
import os, selectors, socket, sys
waiting, IP_PKTINFO = selectors.DefaultSelector(), 8
for port in map(int, sys.argv[1].split(",")):
    for family, any_ in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            end = socket.socket(family, kind)
            if family == socket.AF_INET6:
                end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            end.bind((any_, port))
            if kind == socket.SOCK_STREAM:
                end.listen(100)
            elif family == socket.AF_INET:
                end.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            waiting.register(end, selectors.EVENT_READ, kind)
print("ready", flush=True)
while True:
    for key, _ in waiting.select():
        if key.data == socket.SOCK_DGRAM:
            text, told, _, peer = key.fileobj.recvmsg(2000, 100)
            print(text.decode() if text[:4] == b"mark" else peer[0], flush=True)
            for level, kind, where in told:  # answer from the address that was asked
                told = [(level, kind, bytes(4) + where[8:12] + bytes(4))]
            key.fileobj.sendmsg([b"\\0\\3\\0\\1answer\\n"], told, 0, peer)  # last block (RFC 1350)
        elif key.data == socket.SOCK_STREAM:
            end = key.fileobj.accept()[0]
            end.sendall(b"answer\\n")
            waiting.register(end, selectors.EVENT_READ, None)
        else:
            try:
                text = key.fileobj.recv(2000)
            except OSError:
                text = b""
            if text:
                key.fileobj.sendall(text)
            else:
                waiting.unregister(key.fileobj)
                key.fileobj.close()
"""


def run(*words: str, stdin: bytes = b"", check: bool = True) -> str:
    done = subprocess.run(words, input=stdin, capture_output=True, timeout=60, check=False)
    if check and done.returncode:
        raise AssertionError(f"{words}: {done.stderr.decode()}")
    return done.stdout.decode().strip()


def import_image() -> None:
    """Make an image of nothing but a static busybox."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(BUSYBOX, "bin/busybox")
        link = tarfile.TarInfo("bin/sh")
        link.type, link.linkname = tarfile.SYMTYPE, "busybox"
        tar.addfile(link)
    run("docker", "import", "-", IMAGE, stdin=archive.getvalue())


@dataclass
class Target:
    """Something to reach: `tcp`, `udp` or `ping`."""

    address: str
    port: int = 0
    kind: str = "tcp"

    @property
    def probe(self) -> str:
        if self.kind == "ping":
            return f"busybox ping -c1 -W1 {self.address} | busybox grep -q '1 packets received'"
        where = f"{self.address} {self.port}"
        if self.kind == "udp":
            return f"{ask_by_udp(where)} | busybox grep -q answer"
        return f"(echo x; busybox sleep 1) | busybox nc -w1 {where} | busybox grep -q answer"


def ask_by_udp(where: str) -> str:
    """Script that sends a packet and prints the answer; this busybox has no other way."""
    return f"busybox timeout 1 busybox tftp -g -r x -l - {where} 2>/dev/null"


class Server:
    """Answers on ports of this machine, or of a network namespace; tells who asked by UDP."""

    def __init__(self, ports: Iterable[int], namespace: str = "") -> None:
        within = ["nsenter", f"--net=/var/run/netns/{namespace}"] if namespace else []
        words = [*within, sys.executable, "-c", _SERVER, ",".join(map(str, ports))]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert self._process.stdout
        self._out = self._process.stdout.fileno()
        self._text = b""
        assert self.heard() == "ready"

    def heard(self) -> str:
        """The next line it prints."""
        while b"\n" not in self._text:
            assert select.select([self._out], [], [], DEADLINE_S)[0]
            piece = os.read(self._out, 1000)
            assert piece, "the server ended"
            self._text += piece
        line, self._text = self._text.split(b"\n", 1)
        return line.decode()

    def stop(self) -> None:
        self._process.kill()
        assert self._process.stdout
        self._process.stdout.close()
        self._process.wait(DEADLINE_S)


@dataclass
class Neighbourhood:
    """Networks, containers and a stand-in for the world, named after an instance."""

    instance: str
    host_port: int = 47813
    world: Server = field(init=False)
    host: Server = field(init=False)
    _undo: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        import_image()
        self._undo.callback(run, "docker", "rmi", IMAGE, check=False)
        self._make_world()
        self.host = Server([self.host_port, self.host_port + 1])
        self._undo.callback(self.host.stop)
        for policy in ("o", "n", "x", "c"):
            self._make_network(policy)
        self.add("o", "one", "--sysctl", "net.ipv6.conf.all.disable_ipv6=0")
        self.add("o", "two", "--sysctl", "net.ipv6.conf.all.disable_ipv6=0")
        self.add("n", "three")
        self.add("x", "four")
        self.add("c", "five")
        self.add("c", "six")
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _do(self, words: str, undo: str) -> None:
        run(*words.split())
        self._undo.callback(run, *undo.split(), check=False)

    def _make_world(self) -> None:
        name, end = f"test-agent-{self.instance}", f"ta{self.instance}"
        self._do(f"ip netns add {name}", f"ip netns del {name}")
        self._do(f"ip link add {end} type veth peer name eth0 netns {name}", f"ip link del {end}")
        run("ip", "addr", "add", f"{_UPLINK}/24", "dev", end)
        run("ip", "link", "set", end, "up")
        for address in (f"{LAN}/24", f"{RESOLVER}/24", f"{METADATA}/32", f"{INTERNET}/32"):
            run("ip", "-n", name, "addr", "add", address, "dev", "eth0")
        for link in ("eth0", "lo"):
            run("ip", "-n", name, "link", "set", link, "up")
        run("ip", "-n", name, "route", "add", "default", "via", _UPLINK)
        for address in (METADATA, INTERNET):
            run("ip", "route", "add", f"{address}/32", "via", LAN)
        self.world = Server([53, 80, 81], name)
        self._undo.callback(self.world.stop)

    def _make_network(self, policy: str) -> None:
        name = f"test-agent-{self.instance}-{policy}"
        bridge = f"com.docker.network.bridge.name=md{self.instance}-{policy}"
        words = f"docker network create -o {bridge} {name}"
        if policy == "c":  # whose containers are let out later
            words += f" --subnet={_LATER} --aux-address=DefaultGatewayIPv4={_NOBODY}"
        self._do(words, f"docker network rm {name}")

    def add(self, policy: str, name: str, *options: str) -> None:
        """Start a container whose processes may do more to their network than ours ever may."""
        name = self.container(name)
        network = f"--network=test-agent-{self.instance}-{policy}"
        serve = "while true; do busybox nc -ll -p 80 -e busybox echo answer; done"
        words = ["docker", "run", "-d", "--cap-add=NET_ADMIN", network, *options, f"--name={name}"]
        run(*words, IMAGE, "/bin/sh", "-c", serve)
        self._undo.callback(run, "docker", "rm", "-f", name, check=False)

    def container(self, name: str) -> str:
        return f"test-agent-{self.instance}-{name}"

    def facts(self, name: str) -> dict[str, str]:
        """The container's `id`, `address`, `gateway` and `mac`."""
        (found,) = json.loads(run("docker", "inspect", self.container(name)))
        (network,) = found["NetworkSettings"]["Networks"].values()
        return {
            "id": found["Id"],
            "address": network["IPAddress"],
            "gateway": network["Gateway"],
            "mac": network["MacAddress"],
        }

    def shell(self, name: str, script: str, check: bool = True) -> str:
        """Run a script in a container."""
        words = ["docker", "exec", self.container(name), "/bin/sh", "-c", script]
        return run(*words, check=check)

    def reach(self, name: str, targets: dict[str, Target]) -> set[str]:
        """Try all targets at once from a container; returns those that answered."""
        tries = [f"({t.probe} && echo {label}) &" for label, t in targets.items()]
        return set(self.shell(name, " ".join(tries) + " wait").split())
