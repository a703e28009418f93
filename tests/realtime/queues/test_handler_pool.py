"""Whose turn it is: in a process of its own, as nothing is patched in this one."""

from tests.support.servers.harness import apart

START = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
import django, os, time
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
# Whose turn it is; what it costs is test_expenses.py's, which has set this.
os.environ.setdefault("LOOP_SHARE_PERCENT", "0")
django.setup()
from chatsite.realtime.queues.handler_pool import HandlerPool
order, runners = [], HandlerPool()

class Worker:
    only_starts, queued = False, False
    def __init__(self, owner, steps, seconds=0.0, waits=False):
        self.payer, self.steps, self.seconds = owner, steps, seconds
        self.wait = eventlet.sleep if waits else time.original
    @property
    def has_work(self):
        return self.steps > 0
    def step(self):
        self.steps -= 1
        order.append(self.payer)
        self.wait(self.seconds)

time.original = eventlet.patcher.original("time").sleep

def until_done():
    while runners.waiting or not runners.idle:
        eventlet.sleep(0.01)
"""


def order_of(script):
    return apart(START + script + "\nprint(*order, sep=',')").strip().split(",")


def test_people_take_turns_however_many_connections_they_have():
    order = order_of("""
for worker in [Worker("many", 4) for _ in range(5)] + [Worker("one", 3)]:
    runners.wake(worker)
until_done()
""")
    assert order[:6] == ["many", "one"] * 3
    assert order[6:] == ["many"] * 17


def test_steps_that_wait_for_nothing_let_the_hub_have_its_turn():
    """Who comes meanwhile is heard of by the hub."""
    order = order_of("""
eventlet.spawn_after(0.05, runners.wake, Worker("late", 1))
runners.wake(Worker("busy", 300, 0.001))
until_done()
""")
    assert "late" in order[:200]


def test_steps_that_wait_are_done_side_by_side():
    order = order_of("""
for worker in [Worker(number, 1, 0.2, waits=True) for number in range(8)]:
    runners.wake(worker)
eventlet.sleep(0.1)
order.append("meanwhile")
until_done()
""")
    assert order == [*map(str, range(8)), "meanwhile"]


def test_one_person_has_few_steps_under_way():
    """Ten connections of one member each had an edit waiting for its turn to write, before anybody's next message."""
    order = order_of("""
written = eventlet.event.Event()
for worker in [Worker("many", 1) for _ in range(6)]:
    worker.wait = lambda seconds: written.wait()
    runners.wake(worker)
eventlet.sleep(0.05)
order.append("meanwhile")
runners.wake(Worker("one", 1, 0.0, waits=True))
while "one" not in order:
    eventlet.sleep(0.01)
written.send()
until_done()
""")
    assert order == ["many", "many", "meanwhile", "one", *["many"] * 4]
