"""`make bench`: measure, print a Markdown table, write `var/bench.json`. Exits 0 either way."""

import argparse
import signal
import time
from collections.abc import Callable

import httpx

from bench import browser, builds, claims, idle, pages, results, starts
from bench.command import OUTPUT, show
from bench.definitions import COLD, ahead
from bench.instant import measure as instant
from bench.peers import measure as peers
from bench.peers.hub import HOW, is_installed
from bench.results import Result
from tests.service import TINY, Service, running

PEOPLE = 100
PAGE_VIEWS = 200
STARTS = 5
STARTS_AND_REST = (
    "start.tiny", "start.jupyterlab", "burst.100", "burst.100.median_share", "idle.memory",
    "idle.cpu", "idle.cpu_100",
)  # fmt: skip


class Bench:
    """One run of the measurements that were asked for."""

    def __init__(self, only: set[str]) -> None:
        self._only = only
        self.results: list[Result] = []

    def wants(self, *names: str) -> bool:
        """Whether any of these was asked for."""
        return not self._only or bool(self._only & set(names))

    def keep(self, *found: Result) -> None:
        """Remember and show."""
        self.results += found
        for each in found:
            show(each)

    def run(self) -> None:
        """Everything, gently one after the other."""
        if self.wants("gateway.rps", "gateway.routes_10000", "route.add"):
            from bench import gateway

            for name in ("gateway.rps", "gateway.routes_10000", "route.add"):
                if self.wants(name):
                    self.keep(gateway.result(name))
        self._with_service(self._starts, *STARTS_AND_REST)
        self._with_service(self._pages, "page.dashboard", "page.workspace")
        self._with_service(
            lambda service: self.keep(*claims.measure(service)),
            *("claim.redirect", "claim.first200"),
            environment=ahead(claims.SPARES),
        )
        self._with_service(
            lambda service: self.keep(*browser.measure(service)),
            *("claim.chromium_new", "claim.chromium_back"),
            environment=ahead(claims.SPARES),
        )
        builds.measure(self.keep, self.wants)
        instant.measure(self.keep, self.wants, instant.Sizes())
        if self.wants(*peers.NAMES):
            self._beside_peers()

    def _beside_peers(self) -> None:
        if is_installed():
            peers.measure(self.keep, self.wants, peers.Sizes())
        else:
            print(HOW, flush=True)

    def _with_service(
        self, work: Callable[[Service], None], *names: str, environment: str = COLD
    ) -> None:
        if not self.wants(*names):
            return
        with running(TINY, environment) as service:
            work(service)

    def _starts(self, service: Service) -> None:
        first = service.person("bench0@example.org").token
        if self.wants("idle.memory", "idle.cpu"):
            self._use_a_little(service, first)
            time.sleep(5)
            self.keep(idle.memory(service))
            self.keep(idle.cpu(service, "idle.cpu", 0.5))
        for name in ("start.tiny", "start.jupyterlab"):
            if self.wants(name):
                self.keep(starts.single(service, first, name))
        if self.wants("burst.100", "burst.100.median_share", "idle.cpu_100"):
            tokens = [
                service.person(f"bench{number}@example.org").token for number in range(PEOPLE)
            ]
            if self.wants("burst.100", "burst.100.median_share"):
                self.keep(*starts.burst(service, tokens))
            if self.wants("idle.cpu_100"):
                starts.fill(service, tokens)
                time.sleep(20)
                self.keep(idle.cpu(service, "idle.cpu_100", 1.5))

    def _use_a_little(self, service: Service, token: str) -> None:
        with httpx.Client(headers={"Host": service.host}) as client:
            for _ in range(PAGE_VIEWS):
                client.get(f"http://127.0.0.1:{service.port}/sign-in")
        starts.some(service, token, STARTS)

    def _pages(self, service: Service) -> None:
        service.stop()
        session, workspace = pages.populate(service)
        service.start()
        self.keep(*pages.measure(service, session, workspace))


def main() -> None:
    """Parse, measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="names, separated by commas or spaces")
    only = set(parser.parse_args().only.replace(",", " ").split())
    # Asked to end in whatever way, it takes its containers away first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    bench = Bench(only)
    try:
        bench.run()
    finally:
        results.write(bench.results, OUTPUT)
        print("\n" + results.table(each.as_json() for each in bench.results))


if __name__ == "__main__":
    main()
