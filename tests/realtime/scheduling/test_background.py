"""Timers, and whose connection to the database they close."""

from tests.support.servers.harness import apart

SCRIPT = """
import warnings
warnings.simplefilter("ignore")
import eventlet
PATCH
import django
django.setup()
from django.db import connections
from chatsite.realtime.scheduling.background import Timer
closed, ran = [], []
connections.close_all = lambda: closed.append(True)
timers = [Timer(0, ran.append, 1), Timer(0, ran.append), Timer(60, ran.append, 2), Timer(60, ran.append, 3)]
assert not any(timer.ended for timer in timers)
timers[2].cancel()
eventlet.sleep(0.01)
assert [timer.ended for timer in timers] == [True, True, True, False]
print(ran, len(closed))
"""


def test_a_timer_of_the_server_closes_the_connection_of_its_greenlet():
    assert apart(SCRIPT.replace("PATCH", "eventlet.monkey_patch()")).strip() == "[1] 2"


def test_elsewhere_it_leaves_the_one_that_all_have_together():
    """A timer that one test left closed the connection of another."""
    assert apart(SCRIPT.replace("PATCH", "")).strip() == "[1] 0"
