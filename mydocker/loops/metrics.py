"""What the loops count, for Prometheus. Labels come from enums and environment slugs."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

from mydocker.store.runs import RunRow

START_SECONDS = Histogram(
    "mydocker_start_seconds",
    "Time from a person's wish to a ready workspace, or to its failure.",
    ["environment", "outcome"],
    buckets=(0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 40, 80, 160),
)
STOPS = Counter("mydocker_stops_total", "Runs that ended, by cause.", ["cause"])
RUNS = Gauge(
    "mydocker_runs", "Runs by how far they got.", ["phase"], multiprocess_mode="mostrecent"
)
ROUTES = Gauge("mydocker_routes", "Routes the gateway should have.", multiprocess_mode="mostrecent")
ROUTES_REPAIRED = Counter(
    "mydocker_routes_repaired_total", "Routes and grants the gateway had wrong."
)
LAG = Gauge(
    "mydocker_loop_lag_seconds",
    "How late the loops' event loop is.",
    multiprocess_mode="mostrecent",
)
CLOCK_JUMP = Gauge(
    "mydocker_clock_jump_seconds",
    "How far the machine's clock jumped from the steady one; 0 if it did not.",
    multiprocess_mode="mostrecent",
)
TURN_SECONDS = Histogram(
    "mydocker_turn_seconds",
    "How long one turn of an office took.",
    ["office"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60),
)
SPARES = Gauge(
    "mydocker_spares",
    "Spares by environment: wanted, standing by, and coming (being started).",
    ["environment", "state"],
    multiprocess_mode="mostrecent",
)
QUEUE_WAITING = Gauge(
    "mydocker_queue_waiting",
    "People's starts that wait for nothing but their turn.",
    multiprocess_mode="mostrecent",
)
QUEUE_SECONDS = Histogram(
    "mydocker_queue_seconds",
    "Time that a start waited for its turn, its image being there.",
    buckets=(0.01, 0.05, 0.2, 1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1280),
)
SLEEPERS = Gauge(
    "mydocker_sleepers",
    "Runs that are asleep: of people, and spares.",
    ["whose"],
    multiprocess_mode="mostrecent",
)
FREEZES = Counter("mydocker_freezes_total", "Runs that were put to sleep.")
THAWS = Counter("mydocker_thaws_total", "Runs that were woken.")
BUILDS = Gauge(
    "mydocker_builds", "Image builds that wait, and that are under way.", ["state"],
    multiprocess_mode="mostrecent",
)  # fmt: skip
BUILD_SECONDS = Histogram(
    "mydocker_build_seconds",
    "Time from a build's turn to its end, by what came of it.",
    ["outcome"],
    buckets=(1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600),
)
DISK_FREE = Gauge(
    "mydocker_disk_free_bytes", "Free bytes where homes lie.", multiprocess_mode="mostrecent"
)


def count_sleepers(asleep: Sequence[RunRow]) -> None:
    """Tell how many sleep."""
    theirs = sum(bool(run.workspace) for run in asleep)
    SLEEPERS.labels("people").set(theirs)
    SLEEPERS.labels("spares").set(len(asleep) - theirs)


@contextmanager
def turn(office: str) -> Iterator[None]:
    """Time one turn."""
    began = time.perf_counter()
    try:
        yield
    finally:
        TURN_SECONDS.labels(office).observe(time.perf_counter() - began)
