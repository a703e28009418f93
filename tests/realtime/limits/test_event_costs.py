"""Who has cost the loop too much waits, with all that is theirs: in processes of their own, as nothing is patched here."""

import pytest

from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity
from chatsite.realtime.limits.event_costs import Budget
from tests.realtime.queues import test_handler_pool
from tests.support.servers.harness import apart

START = (
    """
import os
os.environ["LOOP_SHARE_PERCENT"] = "25"
"""
    + test_handler_pool.START
    + """
from chatsite.realtime.limits import event_costs; from chatsite.realtime.scheduling import loop_meter
from chatsite.realtime.queues.group_commit import GroupCommit
loop_meter.install()
began = time.monotonic()

def busy(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass

# What a step costs is the CPU that it takes.
time.original = busy
"""
)


def run(script):
    return apart(START + script).split()


def test_what_a_greenlet_waits_for_is_not_its_own():
    own, others = map(
        float,
        run("""
def step(seconds, wait):
    meter = loop_meter.start()
    wait(seconds)
    return meter.take()
waiter = eventlet.spawn(step, 0.3, eventlet.sleep)
eventlet.sleep(0)
print(step(0.2, time.original), waiter.wait())
"""),
    )
    assert own > 0.19
    assert others < 0.1


@pytest.mark.serial
def test_who_cost_too_much_waits_and_the_others_do_not():
    """Of fourteen steps of 0.2 s each a second is free, and then a quarter of what time passes."""
    order = run("""
for worker in [Worker("many", 7, 0.2) for _ in range(2)]:
    runners.wake(worker)
eventlet.spawn_after(2.0, runners.wake, Worker("one", 3))
eventlet.sleep(2.5)
# On a busy machine a step takes longer.
while order.count("one") < 3 or order.count("many") < 2:
    eventlet.sleep(0.01)
print(*order)
""")
    assert order.count("one") == 3
    assert 2 <= order.count("many") <= 10, "not fourteen"


def test_what_was_put_off_is_done_in_the_end():
    done = run("""
event_costs.loop_budget.charge("many", 1.1)
runners.wake(Worker("many", 3))
assert not runners.idle and runners.waiting == 1
until_done()
print(*order, time.monotonic() - began)
""")
    assert done[:-1] == ["many"] * 3
    assert float(done[-1]) > 0.3


def test_steps_that_wait_for_others_cost_nothing():
    order = run("""
for number in range(5):
    runners.wake(Worker("one", 2, 0.5, waits=True))
until_done()
print(len(order), event_costs.wait("one"))
""")
    assert order[0] == "10"
    assert float(order[1]) < 0.1


def test_a_batch_is_paid_by_the_weight_of_what_each_gave_in():
    paid = run("""
def slow(items):
    time.original(0.5)
    return items
batches = GroupCommit(slow, weigh=lambda item: item[1], owner_of=lambda item: item[0], charged=True)
answers = []
for item in (("heavy", 9870), ("light", 0), ("heavy", 9870)):
    batches.submit(item, answers.append)
while len(answers) < 3:
    eventlet.sleep(0.01)
# What each has yet to pay off beyond what is free.
for name in ("heavy", "light"):
    print(event_costs.loop_budget._until[name] - time.monotonic())
""")
    heavy, light = map(float, paid)
    assert heavy > 1.5
    assert light < 0.1


def test_what_who_cost_too_much_gives_in_waits_behind_the_others():
    order = run("""
batches = GroupCommit(lambda items: items, owner_of=lambda item: item, charged=True)
event_costs.loop_budget.charge("many", 1.2)
batches.submit("many", order.append)
batches.submit("many", order.append)
batches.submit("one", order.append)
eventlet.sleep(0.2)
print(*order)
while len(order) < 3:
    eventlet.sleep(0.01)
print(*order, time.monotonic() - began)
""")
    assert order[0] == "one"
    assert order[1:4] == ["one", "many", "many"]
    assert float(order[4]) > 0.6


class Channel:
    def push(self, frame, droppable=False): ...


def test_an_event_for_a_crowd_costs_what_it_takes_to_send_it(monkeypatch):
    from chatsite.realtime.limits import event_costs

    monkeypatch.setattr(event_costs, "loop_budget", Budget(share=0.25, burst=0.0))
    monkeypatch.setattr(event_costs, "SEND_SECONDS", 0.001)
    crowd = [Connection(f"sid{n}", Identity(n, f"person{n}"), Channel()) for n in range(100)]
    try:
        for connection in crowd:
            subscriptions.attach(connection)
            subscriptions.subscribe(connection, "hall")
        event_costs.charge_for_room(7, "hall")
        assert 0.3 < event_costs.loop_budget.wait(7) <= 0.4
        event_costs.charge_for_room(8, "empty")
        assert event_costs.loop_budget.wait(8) == 0
    finally:
        for connection in crowd:
            subscriptions.detach(connection)
