"""One computes at a time; who waits steps aside; nobody is kept out for long."""

import threading
import time

from mydocker.web.turns import PATIENCE_SECONDS, Turns


def test_one_at_a_time() -> None:
    turns, inside, most, others = Turns(), 0, 0, threading.Event()

    def work() -> None:
        nonlocal inside, most
        with turns.take():
            inside += 1
            most = max(most, inside)
            others.wait(0.005)  # never set: whoever may, comes in meanwhile
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_who_waits_steps_aside() -> None:
    turns, inside, aside = Turns(), threading.Event(), threading.Event()

    def wait() -> None:
        with turns.take(), turns.aside():
            aside.set()
            inside.wait(10)

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert aside.wait(10)
    began = time.monotonic()
    with turns.take():
        took = time.monotonic() - began
        inside.set()
    waiter.join()
    assert took < PATIENCE_SECONDS


def test_nobody_is_kept_out_for_long() -> None:
    turns, stuck, done = Turns(), threading.Event(), threading.Event()

    def hang() -> None:
        with turns.take():
            stuck.set()
            done.wait(10)

    hanging = threading.Thread(target=hang)
    hanging.start()
    assert stuck.wait(10)
    with turns.take():
        done.set()  # had it not been let in, this would never come
    hanging.join()
    with turns.take():  # and turns are as they were
        began = time.monotonic()
    assert time.monotonic() - began < PATIENCE_SECONDS


def test_stepping_aside_without_a_turn_is_nothing() -> None:
    with Turns().aside():
        pass
