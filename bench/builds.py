"""Builds: how soon their lines arrive, what a rebuild costs, and what one costs who starts."""

import os
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from bench.command import Keep, Wants
from bench.definitions import COLD
from bench.patience import until
from bench.peers.measure import our_starts
from bench.results import Goal, Result, interleaved, p95, spread
from tests.service import Service, running

LATENCY, REBUILD, INTERFERENCE = NAMES = (
    "build.log_latency", "build.rebuild", "build.interference",
)  # fmt: skip
BASE = "FROM mydocker/jupyterlab-python"
STEPS = (
    "USER root",
    "RUN mkdir /opt/course && head -c 20000000 /dev/urandom > /opt/course/data",
    "RUN python3 -m venv --without-pip /opt/course/venv",
    "ENV COURSE=/opt/course",
)
TALKS = "import time; [time.sleep(.05) or print('at', time.time(), flush=True) for _ in range(100)]"
WORKS = (
    "import hashlib, os; "
    "[open('/tmp/x', 'wb').write(os.urandom(10**7)) and hashlib.sha256(b'x' * 10**7) "
    "for _ in iter(int, 1)]"
)
PAIRS = 15
BETWEEN_LOOKS_SECONDS = 0.01


def measure(keep: Keep, wants: Wants) -> None:
    """What is asked for, each kept as soon as it is there."""
    if not any(map(wants, NAMES)):
        return
    with (
        running(COLD) as service,
        service.person("teacher@example.org", "teacher").client() as client,
    ):
        workshop = Workshop(service, client)
        if wants(LATENCY):
            keep(latency(workshop.waits_of_lines()))
        if wants(REBUILD):
            keep(rebuilt(interleaved(workshop.rebuild, workshop.raw, PAIRS)))
        if wants(INTERFERENCE):
            keep(slowed(workshop.starts(PAIRS)))


def latency(waits: Sequence[float]) -> Result:
    """From the moment at which a step writes a line to its arrival as an event; seconds."""
    millis = [1000 * each for each in waits]
    worst = p95(millis)
    return Result(LATENCY, "ms p50", statistics.median(millis), None, f"p95 {worst:.0f}",
                  len(millis), Goal("ours", most=200), also=worst <= 200)  # fmt: skip


def rebuilt(pairs: Sequence[tuple[float, float]]) -> Result:
    """Seconds from the request to the image, beside `docker build` of the same Dockerfile."""
    ours, raw = ([1000 * each[side] for each in pairs] for side in (0, 1))
    return Result(REBUILD, "ms", statistics.median(ours), statistics.median(raw),
                  f"{spread(ours)}; raw {spread(raw)}", len(pairs),
                  Goal("ratio", most=1.2))  # fmt: skip


def slowed(pairs: Sequence[tuple[float, float]]) -> Result:
    """Seconds of a start while something is built, and in peace: the median ratio of all pairs."""
    ratios = [meanwhile / in_peace for meanwhile, in_peace in pairs]
    ours = 1000 * statistics.median(meanwhile for meanwhile, _ in pairs)
    return Result(INTERFERENCE, "ms", ours, ours / statistics.median(ratios),
                  f"ratio {spread(ratios, 2)}", len(pairs), Goal("ratio", most=1.2))  # fmt: skip


def dockerfile(*more: str) -> str:
    """A course's software, and what changes at its end."""
    return "\n".join([BASE, *STEPS, *more, ""])


@dataclass
class Workshop:
    """A teacher with one image."""

    service: Service
    client: httpx.Client
    """The teacher's; one for all, since making one takes as long as a build's own work."""
    slug: str = ""
    revision: int = 0
    rounds: int = 0

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self.client.request(method, f"/api/v1{path}", **arguments)
        answer.raise_for_status()
        return answer.json()

    def _change(self, text: str) -> None:
        asked = {"title": "Bench", "recipe": {"kind": "dockerfile", "text": text}}
        if self.slug:
            asked["revision"] = self.revision  # type: ignore[assignment]
            found = self._call("PUT", f"/images/{self.slug}", json=asked)
        else:
            found = self._call("POST", "/images", json=asked)
        self.slug, self.revision = found["slug"], found["revision"]

    def _begin(self) -> str:
        number = self._call("POST", f"/images/{self.slug}/builds")["number"]
        return f"/images/{self.slug}/builds/{number}"

    def _until(self, build: str, *states: str) -> None:
        def is_so() -> bool:
            found = self._call("GET", build)
            if found["state"] == "failed":
                raise RuntimeError(str(found["failure"]))
            return found["state"] in states

        until(is_so, f"{build} {states}", self.service, 300, BETWEEN_LOOKS_SECONDS)

    def rebuild(self) -> float:
        """Seconds from the request to the image, after a change of the last line."""
        self.rounds += 1
        self._change(dockerfile(self._last("ours")))
        began = time.perf_counter()
        build = self._begin()
        self._until(build, "done")
        took = time.perf_counter() - began
        with self._log(build) as lines:  # packages are looked for: not beside the next one
            for _ in lines:
                pass
        return took

    def _last(self, whose: str) -> str:
        """A line that no build had before, of an earlier benchmark either."""
        return f"RUN echo {whose} {self.service.instance} {self.rounds} > /opt/course/last"

    def raw(self) -> float:
        """The same by `docker build`."""
        self.rounds += 1
        text = dockerfile(self._last("raw"))
        words = ("docker", "build", "--tag", f"bench-{self.service.instance}:raw", "-")
        environ = {**os.environ, "DOCKER_BUILDKIT": "0"}
        began = time.perf_counter()
        subprocess.run(words, input=text, env=environ, text=True, capture_output=True, check=True)
        return time.perf_counter() - began

    def waits_of_lines(self) -> list[float]:
        """Seconds that lines took from the step to whoever follows."""
        self._change(dockerfile(f'RUN python3 -Sc "{TALKS}"'))
        build = self._begin()
        self._until(build, "building")
        waits = []
        with self._log(build) as lines:
            for line in lines:
                words = line.split('"at ')
                if len(words) == 2:
                    waits.append(time.time() - float(words[1].partition('"')[0]))
        return waits

    def starts(self, pairs: int) -> list[tuple[float, float]]:
        """Seconds of cold starts of JupyterLab, by turns while a build works and in peace."""
        self._change(dockerfile(f'RUN python3 -Sc "{WORKS}"'))
        tokens = [self.service.person("student@example.org").token]
        with our_starts(self.service, tokens) as ours:

            def meanwhile() -> float:
                build = self._begin()
                self._until_it_works(build)
                took = ours.start_and_stop()
                self._call("POST", f"{build}/cancel")
                self._until(build, "cancelled")
                return took

            return interleaved(meanwhile, ours.start_and_stop, pairs)

    def _until_it_works(self, build: str) -> None:
        with self._log(build) as lines:
            for line in lines:
                if "RUN python3 -Sc" in line:
                    return

    @contextmanager
    def _log(self, build: str) -> Iterator[Iterator[str]]:
        path, patience = f"/api/v1{build}/events", httpx.Timeout(300)
        with self.client.stream("GET", path, timeout=patience) as answer:
            answer.raise_for_status()
            yield answer.iter_lines()
