"""One contract for both bells: what is committed is heard, what is rolled back is not."""

import queue
import threading
from collections.abc import Iterator

import pytest
from django.db import transaction

from mydocker.store.doorbell import Listener, Ring, Waiting, ring

pytestmark = pytest.mark.django_db(transaction=True)
DEADLINE_SECONDS = 10.0
TOPICS = ("hello", "wish")


@pytest.fixture
def heard() -> "Iterator[queue.Queue[Ring]]":
    """What a listener hears; it is listening when the test begins."""
    rings: queue.Queue[Ring] = queue.Queue()
    listener = Listener(rings.put, TOPICS)
    listener.start()
    deadline = threading.Event()
    for _ in range(200):
        ring("hello", "there")
        try:
            rings.get(timeout=0.05)
            break
        except queue.Empty:
            continue
    else:
        pytest.fail("the listener never heard anything")
    while not rings.empty():
        rings.get_nowait()
    yield rings
    listener.stop()
    deadline.set()


def _next(heard: "queue.Queue[Ring]") -> Ring:
    while True:
        found = heard.get(timeout=DEADLINE_SECONDS)
        if found.topic != "hello":
            return found


def test_a_ring_is_heard(heard: "queue.Queue[Ring]") -> None:
    ring("wish", "abc")
    assert _next(heard) == Ring("wish", "abc")


def test_only_what_was_asked_for_is_heard(heard: "queue.Queue[Ring]") -> None:
    ring("placed", "abc")
    ring("wish", "abc")
    assert _next(heard) == Ring("wish", "abc")
    assert heard.empty()


def test_a_ring_waits_for_the_commit_and_dies_with_a_rollback(heard: "queue.Queue[Ring]") -> None:
    with transaction.atomic():
        ring("wish", "rolled back")
        transaction.set_rollback(True)
    with transaction.atomic():
        ring("wish", "committed")
    assert _next(heard) == Ring("wish", "committed")


def test_a_burst_of_rings_is_heard_by_all(heard: "queue.Queue[Ring]") -> None:
    second: queue.Queue[Ring] = queue.Queue()
    listener = Listener(second.put, TOPICS)
    listener.start()
    try:
        for number in range(300):
            ring("wish", str(number))
        keys = {_next(heard).key for _ in range(300)}
        assert keys == {str(number) for number in range(300)}
    finally:
        listener.stop()


def test_waiting_is_woken_by_its_ring_alone() -> None:
    waiting = Waiting()
    with waiting.for_ring("placed", "a") as mine, waiting.for_ring("placed", "b") as other:
        waiting.heard(Ring("placed", "a"))
        assert mine.wait(DEADLINE_SECONDS)
        assert not other.is_set()
    waiting.heard(Ring("placed", "a"))  # nobody waits any more
