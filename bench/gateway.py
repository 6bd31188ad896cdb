"""What the gateway costs: against plain HAProxy, with many routes, and for one more route.

Three functions, one to a figure, each returning raw samples (`result` judges them); needs
`haproxy` and `wrk`. Client, gateway and origin share the machine, so what matters is the ratio of
neighbours in time: rounds are interleaved, and change sides.
"""

import asyncio
import contextlib
import hashlib
import re
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.results import Goal, Result, spread
from mydocker.adapters.haproxy import (
    GatewayConfig,
    HaproxyGateway,
    gateway_command,
    write_configuration,
)
from mydocker.ports.gateway import Route

APPS = "mydocker-apps.localhost"
COOKIE = "b" * 43
CONNECTIONS = 32
BODY_BYTES = 1024
MANY = 10_000
DEADLINE_SECONDS = 30

_PLAIN = """
global
    maxconn 1000
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 5s
frontend plain
    bind 127.0.0.1:{port}
    default_backend origin
backend origin
    server origin 127.0.0.1:{origin}
"""
_ORIGIN = """
global
    maxconn 1000
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 5s
frontend origin
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string {body}
"""
_EACH_HOST = """
local hosts, turn = {{ {hosts} }}, 0
request = function()
    turn = turn % #hosts + 1
    wrk.headers["Host"] = hosts[turn]
    return wrk.format()
end
"""


@dataclass(slots=True)
class Samples:
    """Raw figures, pair by pair where there is a baseline."""

    unit: str
    ours: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)

    def result(self, name: str, goal: Goal) -> Result:
        """The median, and a baseline that stands to it as the median pair."""
        ours, count = statistics.median(self.ours), len(self.ours)
        if not self.baseline:
            return Result(name, self.unit, ours, None, spread(self.ours, 2), count, goal)
        ratios = [mine / plain for mine, plain in zip(self.ours, self.baseline, strict=True)]
        baseline = ours / statistics.median(ratios)
        return Result(name, self.unit, ours, baseline, f"ratio {spread(ratios, 2)}", count, goal)


@dataclass(frozen=True, slots=True)
class Rig:
    """A gateway, plain HAProxy beside it, and one origin behind both."""

    folder: Path
    gateway_port: int
    plain_port: int
    origin_port: int
    socket: Path

    def gateway(self) -> HaproxyGateway:
        """The port to the gateway, for the event loop that runs now."""
        return HaproxyGateway(self.folder, self.socket, APPS)

    def route(self, number: int) -> Route:
        return Route(host(number), f"run-{number}", "127.0.0.1", self.origin_port)


def host(number: int) -> str:
    """The number's host name; digits become letters, for a host has no 0 and no 1."""
    label = "".join(chr(97 + int(digit)) for digit in f"{number:020d}")
    return f"{label}.{APPS}"


def result(name: str) -> Result:
    """Measure one figure by its name."""
    match name:
        case "gateway.rps":
            return gateway_rps().result(name, Goal("ratio", least=0.85))
        case "gateway.routes_10000":
            return gateway_routes_10000().result(name, Goal("ratio", least=0.95))
        case "route.add":
            return route_add().result(name, Goal("ours", most=2.0))
        case _:
            raise ValueError(f"{name} is not measured here")


def gateway_rps(rounds: int = 9, seconds: int = 3) -> Samples:
    """Requests a second through the gateway with a grant, and through plain HAProxy."""
    samples = Samples("requests/s")
    with raised_rig() as rig:
        asyncio.run(put(rig, range(1)))
        for number in range(-1, rounds):
            _pair(
                samples,
                number,
                lambda: requests_a_second(rig.gateway_port, seconds, host(0)),
                lambda: requests_a_second(rig.plain_port, seconds, host(0)),
            )
    return samples


def gateway_routes_10000(rounds: int = 9, seconds: int = 3) -> Samples:
    """Requests a second to the hosts of 32 people, spread over 10,000 routes, and without the
    others' routes.
    """
    samples, people = Samples("requests/s"), range(0, MANY, MANY // CONNECTIONS)[:CONNECTIONS]
    with raised_rig() as many, raised_rig() as few:
        asyncio.run(put(many, range(MANY)))
        asyncio.run(put(few, people))
        for number in range(-1, rounds):
            _pair(
                samples,
                number,
                lambda: _to_each(many, seconds, people),
                lambda: _to_each(few, seconds, people),
            )
    return samples


def route_add(times: int = 200) -> Samples:
    """Milliseconds until a new route is in force, among 10,000 others."""
    samples = Samples("ms")
    with raised_rig() as rig:
        asyncio.run(_add_one_by_one(rig, times, samples))
    return samples


async def _add_one_by_one(rig: Rig, times: int, samples: Samples) -> None:
    gateway = rig.gateway()
    await _synchronise(gateway, rig, range(MANY))
    await gateway.put_routes([rig.route(MANY)])
    for number in range(MANY + 1, MANY + 1 + times):
        began = time.perf_counter()
        await gateway.put_routes([rig.route(number)])
        samples.ours.append((time.perf_counter() - began) * 1e3)
        # Without a grant it answers 401 from now on; without a route, 410.
        assert _status(rig.gateway_port, host(number)) == 401
    await gateway.close()


async def put(rig: Rig, numbers: range) -> None:
    """Routes of these numbers, and no others, with a grant for each."""
    gateway = rig.gateway()
    await _synchronise(gateway, rig, numbers)
    await gateway.close()


async def _synchronise(gateway: HaproxyGateway, rig: Rig, numbers: range) -> None:
    digest = hashlib.sha256(COOKIE.encode()).hexdigest()
    routes = [rig.route(number) for number in numbers]
    await gateway.synchronise(routes, [(digest, route.host) for route in routes], {})


def _pair(samples: Samples, number: int, *sides: Callable[[], float]) -> None:
    """Measure both, in turns first; the first pair warms up."""
    order = sides if number % 2 else sides[::-1]
    measured = {side: side() for side in order}
    if number >= 0:
        samples.ours.append(measured[sides[0]])
        samples.baseline.append(measured[sides[1]])


def requests_a_second(port: int, seconds: int, name: str, *more: str, path: str = "/") -> float:
    """Over 32 kept connections, with a grant. Raises RuntimeError if any answer is not a 2xx."""
    command = [
        "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", f"Host: {name}",
        "-H", f"Cookie: __Host-mydocker_grant={COOKIE}", *more, f"http://127.0.0.1:{port}{path}",
    ]  # fmt: skip
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    found = re.search(r"Requests/sec:\s*([\d.]+)", told)
    assert found is not None, told
    return float(found[1])


def _to_each(rig: Rig, seconds: int, people: range) -> float:
    script = rig.folder / "each.lua"
    script.write_text(_EACH_HOST.format(hosts=", ".join(f'"{host(n)}"' for n in people)))
    return requests_a_second(rig.gateway_port, seconds, host(0), "-s", str(script))


@contextlib.contextmanager
def raised_rig() -> Iterator[Rig]:
    """A rig that stands as long as the `with`."""
    with tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp") as name:
        folder = Path(name)
        gateway, plain, origin = (_free_port() for _ in range(3))
        rig = Rig(folder, gateway, plain, origin, folder / "run" / "admin.sock")
        config = GatewayConfig(
            folder=folder, socket=rig.socket, bind=("127.0.0.1",), port=gateway, scheme="http",
            dashboard_host="mydocker.localhost", apps_domain=APPS, maxconn=1000,
            url=f"http://mydocker.localhost:{gateway}", web=f"127.0.0.1:{origin}",
            streams=f"127.0.0.1:{origin}", bell=folder / "bell.sock", log="stderr",
        )  # fmt: skip
        body = "x" * BODY_BYTES
        (folder / "plain.cfg").write_text(_PLAIN.format(port=plain, origin=origin))
        (folder / "origin.cfg").write_text(_ORIGIN.format(port=origin, body=body))
        files = [write_configuration(config), folder / "plain.cfg", folder / "origin.cfg"]
        with contextlib.ExitStack() as stack:
            for file in files:
                stack.enter_context(running(gateway_command(file)))
            for port in (gateway, plain, origin):
                wait_for(port)
            yield rig


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], environ: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A process that is killed at the end."""
    process = subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def wait_for(port: int) -> None:
    """Until something on this port speaks HTTP."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            _status(port, "nobody")
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing answers on port {port}")


def _status(port: int, name: str) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        return int(line.recv(64).split(b" ")[1])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
