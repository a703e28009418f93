"""The turn to write, among greenlets: in a process of its own, as nothing is patched in this one."""

import pytest

from tests.support.servers.harness import apart

START = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
from chatsite.realtime.scheduling.fair_lock import FairLock
turn, order = FairLock(), []

def write(name, times=1, seconds=0.02, patience=5):
    for _ in range(times):
        if not turn.acquire(patience):
            order.append(f"{name} gave up")
            return
        try:
            order.append(name)
            eventlet.sleep(seconds)
        finally:
            turn.release()
"""


def order_of(script):
    return apart(START + script + "\nprint(*order, sep=',')").strip().split(",")


def test_who_writes_again_and_again_keeps_nobody_waiting():
    """eventlet's own lock gave it to the first ten times in a row."""
    script = """
busy = eventlet.spawn(write, "busy", 10)
others = [eventlet.spawn(write, name) for name in ("one", "two")]
[thread.wait() for thread in (busy, *others)]
"""
    assert order_of(script)[:4] == ["busy", "one", "two", "busy"]


def test_who_gives_up_or_is_killed_gets_nothing_passed_on():
    script = """
long = eventlet.spawn(write, "long", 1, 0.3)
eventlet.sleep(0)
impatient = eventlet.spawn(write, "impatient", 1, 0, 0.05)
killed = eventlet.spawn(write, "killed")
last = eventlet.spawn(write, "last")
eventlet.sleep(0.1)
killed.kill()
last.wait()
order.append(turn._holder is None and not turn._waiting)
"""
    assert order_of(script) == ["long", "impatient gave up", "last", "True"]


def test_who_has_it_may_take_it_again():
    script = """
assert turn.acquire(1) and turn.acquire(1)
other = eventlet.spawn(write, "other", 1, 0, 0.05)
turn.release()
other.wait()
turn.release()
write("after")
"""
    assert order_of(script) == ["other gave up", "after"]


@pytest.mark.parametrize("patience", [0.01])
def test_outside_of_the_server_it_is_a_lock_between_threads(patience):
    import threading

    from chatsite.realtime.scheduling.fair_lock import FairLock

    turn, found = FairLock(), []
    assert turn.acquire(patience)
    thread = threading.Thread(target=lambda: found.append(turn.acquire(patience)))
    thread.start()
    thread.join()
    turn.release()
    assert found == [False]
