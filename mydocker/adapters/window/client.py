"""Reads the window: one request a connection, answered by JSON lines until it ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from mydocker.domain.build_logs import LogEntry
from mydocker.domain.logs import LogLine
from mydocker.ports.errors import Refused, Unavailable
from mydocker.ports.window import LayerPart, PullShown, Shown, UsageShown

LONGEST_LINE = 256 * 1024


class SocketWindow:
    """See `ports.window.Window`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def follow(self) -> AsyncIterator[Shown]:
        """Stream what flows."""
        async for line in self._ask({"verb": "follow"}):
            if shown := _shown(line):
                yield shown

    async def logs(self, run: str, *, tail: int, follow: bool) -> AsyncIterator[LogLine]:
        """Stream a run's log."""
        request = {"verb": "logs", "run": run, "tail": tail, "follow": follow}
        async for line in self._ask(request):
            yield LogLine(line["text"], line["stream"])

    async def build_log(self, build: str, *, after: int, follow: bool) -> AsyncIterator[LogEntry]:
        """Stream the log of a build."""
        request = {"verb": "build_log", "build": build, "after": after, "follow": follow}
        async for line in self._ask(request):
            yield LogEntry(*line["entry"])

    async def usage(self, run: str) -> UsageShown | None:
        """What a run's container uses now; None if it does not run."""
        async for line in self._ask({"verb": "usage", "run": run}):
            shown = _shown(line)
            return shown if isinstance(shown, UsageShown) else None
        return None

    async def _ask(self, request: Mapping[str, object]) -> AsyncIterator[dict[str, Any]]:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self._path), limit=LONGEST_LINE)
        except OSError as error:
            raise Unavailable(f"loops do not answer: {error}") from error
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            async for raw in reader:
                line = json.loads(raw)
                if "error" in line:
                    raise _error(line)
                if "end" in line:
                    return
                yield line
            raise Unavailable("loops went away")
        except (OSError, ValueError) as error:
            raise Unavailable(f"loops went away: {error}") from error
        finally:
            writer.close()


def _error(line: Mapping[str, Any]) -> Exception:
    if line["error"] == "refused":
        return Refused(str(line.get("code", "refused")), str(line.get("message", "")))
    return Unavailable(str(line.get("message", "")))


def _shown(line: Mapping[str, Any]) -> Shown | None:
    match line.get("kind"):
        case "pull":
            layers = tuple(LayerPart(total, done) for total, done in line["layers"])
            return PullShown(line["workspace"], line["done"], line["total"], layers)
        case "usage":
            return UsageShown(
                line["workspace"],
                line["cpu_nanos_per_second"],
                line["memory_bytes"],
                line["pids"],
            )
    return None
