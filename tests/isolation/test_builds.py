"""What a hostile build reaches of a service that runs: nothing but the internet."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from mydocker.adapters.docker.building import DockerBuilder
from mydocker.agent.cages import Cages
from mydocker.agent.cgroups import controllers
from mydocker.domain.recipes import prepare
from mydocker.ports.builder import Cage, FileOfContext, Order, Said
from mydocker.store.ids import short_id
from tests.service import TINY, Service, running

pytestmark = pytest.mark.engine
SECRET = "the neighbour's exam"
SOON = 60

_LOOKS = """\
import os, socket, sys
def said(what): print('REACHED', what, flush=True)
def knock(address, port, family=socket.AF_INET):
    end = socket.socket(family); end.settimeout(1.5)
    try: end.connect((address, port)); return True
    except OSError: return False
own = socket.socket(); own.bind(('127.0.0.1', 7777)); own.listen()
print('PROBE', knock('127.0.0.1', 7777), flush=True)
for line in open('/tmp/targets'):
    name, address, port = line.split()
    if knock(address, int(port)): said(name)
for path in ('/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock'):
    if os.path.exists(path): said(path)
for folder, _, names in os.walk('/'):
    if folder.startswith(('/proc', '/sys', '/dev')): continue
    for name in names:
        try: text = open(os.path.join(folder, name), 'rb').read(100)
        except OSError: continue
        if text.startswith(b"SQLite format 3") and b'mydocker' in folder.encode(): said(folder)
        if text == SECRET: said(os.path.join(folder, name))
for path in ('/proc/sys/kernel/core_pattern', '/sys/fs/cgroup/pids/pids.max'):
    try: open(path, 'w').write('x'); said(path)
    except OSError: pass
status = dict(line.split(':', 1) for line in open('/proc/self/status'))
powers = int(status['CapEff'], 16)
for number, name in ((21, 'SYS_ADMIN'), (12, 'NET_ADMIN'), (16, 'SYS_MODULE'), (19, 'SYS_PTRACE')):
    if powers >> number & 1: said(name)
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running(TINY) as service:
        yield service


def _order(service: Service, cages: Cages, *steps: str, files: dict[str, Path]) -> Order:
    build = short_id()
    parent = str(cages.cage(build, 256, "cgroupfs")["parent"])  # type: ignore[index]
    prepared = prepare("\n".join(["FROM mydocker/tiny", "USER root", *steps]))
    return Order(
        build, f"md-{service.instance}/attack:{build}",
        prepared.text, prepared.bases, cage=Cage(512 << 20, 10**9, 1 << 30, SOON, parent),
        files=[FileOfContext(path, source) for path, source in files.items()], use_cache=False,
    )  # fmt: skip


def _network(service: Service) -> str:
    return f"container:md-{service.instance}-builds"


def _told(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def _address_of(container: str) -> str:
    networks = _told(
        "docker", "inspect", "--format", "{{json .NetworkSettings.Networks}}", container
    )
    return str(next(iter(json.loads(networks).values()))["IPAddress"])


def _gateway_of(network: str) -> str:
    configs = _told("docker", "network", "inspect", network, "--format", "{{json .IPAM.Config}}")
    return str(IPv4Network(json.loads(configs)[0]["Subnet"])[1])


async def _attack(service: Service, folder: Path, targets: dict[str, tuple[str, int]]) -> list[str]:
    """Build beside a neighbour that holds a secret and listens; returns what the attack said."""
    builder, cages = DockerBuilder(service.instance), Cages(controllers(), service.instance)
    (folder / "secret").write_text(SECRET)
    (folder / "look.py").write_text(f"SECRET = {SECRET.encode()!r}\n{_LOOKS}")
    neighbour = _order(
        service, cages, "COPY secret /secret",
        "RUN python3 -Sc \"import socket; s = socket.socket(); s.bind(('', 7070)); "
        "s.listen(); print('here', flush=True); [s.accept() for _ in iter(int, 1)]\"",
        files={"secret": folder / "secret"},
    )  # fmt: skip
    listens, said, orders = asyncio.Event(), list[str](), [neighbour]
    task = asyncio.create_task(
        builder.build(neighbour, lambda event: listens.set() if event == Said("here") else None)
    )
    try:
        async with asyncio.timeout(SOON):
            await listens.wait()
        container = _told("docker", "ps", "-q", "--filter", f"network={_network(service)}").strip()
        found = {**targets, "neighbour": (_address_of(container), 7070)}
        lines = "".join(f"{name} {address} {port}\n" for name, (address, port) in found.items())
        (folder / "targets").write_text(lines)
        attack = _order(
            service, cages, "COPY targets look.py /tmp/", "RUN python3 -S /tmp/look.py",
            files={name: folder / name for name in ("targets", "look.py")},
        )  # fmt: skip
        orders.append(attack)
        await builder.build(
            attack, lambda event: said.append(event.text) if isinstance(event, Said) else None
        )
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for each in orders:
            await builder.discard(each.reference)
        await builder.close()
        cages.uncage(())
    return said


def test_a_build_reaches_neither_the_platform_nor_its_neighbours(
    service: Service, tmp_path: Path
) -> None:
    person = service.person("victim@example.org")
    person.until(person.start(), "ready")
    (container,) = service.containers()
    gateway = _gateway_of(_network(service))
    targets = {
        "workspace": (_address_of(container), 8888),
        "dashboard": (gateway, service.port),
        "loopback": ("127.0.0.1", service.port),
        "metadata": ("169.254.169.254", 80),
        "engine": (gateway, 2375),
    }
    said = asyncio.run(_attack(service, tmp_path, targets))
    assert said == ["PROBE True"]
