"""Pages of a large installation, straight to `web` over its socket, without the gateway."""

import asyncio
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.idle import TICKS
from bench.results import Goal, Result
from tests.service import ROOT, Service

REQUESTS = 400
WARM_UP = 60
CONNECTIONS = 16
SECONDS = 8.0


def populate(service: Service) -> tuple[str, str]:
    """Fill the database; a session key, and a ready workspace of its person."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.populate"], cwd=ROOT, env=service.environ, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    session, workspace = done.stdout.split()[-2:]
    return session, workspace


def measure(service: Service, session: str, workspace: str) -> list[Result]:
    """`page.dashboard` and `page.workspace`."""
    return [
        _page(service, session, "page.dashboard", "/"),
        _page(service, session, "page.workspace", f"/workspaces/{workspace}"),
    ]


def _page(service: Service, session: str, name: str, path: str) -> Result:
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {service.host}\r\nAccept-Language: fr\r\n"
        # As a browser that was here before sends them.
        f"Cookie: __Host-mydocker_session={session}; __Host-mydocker_csrf={'c' * 32}\r\n\r\n"
    ).encode()
    socket = str(service.data / "run" / "web" / "web.sock")
    times = asyncio.run(_one_by_one(socket, request))
    rate, cpu_ms = asyncio.run(_many(service, socket, request))
    print(f"{name}: {rate:.0f} requests/s at {CONNECTIONS}, {cpu_ms:.2f} ms of CPU a page")
    p50 = statistics.median(times) * 1000
    p95 = statistics.quantiles(times, n=20)[-1] * 1000
    holds = rate >= 350 or cpu_ms <= 2.8  # the second where the load shares the cores
    told = f"p95 {p95:.1f}; {rate:.0f}/s at 16; {cpu_ms:.2f} ms CPU"
    return Result(name, "ms p50", p50, None, told, REQUESTS, Goal("ours", most=8.0), also=holds)


async def _one_by_one(socket: str, request: bytes) -> list[float]:
    reader, writer = await asyncio.open_unix_connection(socket, limit=1 << 20)
    times = []
    for number in range(WARM_UP + REQUESTS):
        began = time.perf_counter()
        await _ask(reader, writer, request)
        if number >= WARM_UP:
            times.append(time.perf_counter() - began)
    writer.close()
    return times


async def _many(service: Service, socket: str, request: bytes) -> tuple[float, float]:
    end = time.monotonic() + SECONDS
    count = 0

    async def one() -> None:
        nonlocal count
        reader, writer = await asyncio.open_unix_connection(socket, limit=1 << 20)
        while time.monotonic() < end:
            await _ask(reader, writer, request)
            count += 1
        writer.close()

    before, began = _cpu(service), time.monotonic()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    passed = time.monotonic() - began
    return count / passed, 1000 * (_cpu(service) - before) / count


def _cpu(service: Service) -> float:
    """Seconds of CPU of the web processes."""
    total = 0.0
    for name, pid in service.processes().items():
        if name.startswith("web"):
            total += (_field(pid, 11) + _field(pid, 12)) / TICKS
    return total


def _field(pid: int, number: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[number])
    except OSError:
        return 0


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode(errors="replace")[:500])
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        while (size := int(await reader.readline(), 16)) > 0:
            await reader.readexactly(size + 2)
        await reader.readline()
        return
    length = int(lowered.split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)


__all__ = ["measure", "populate"]
