import os
import subprocess
import sys

import pytest
from django.db import IntegrityError, OperationalError

from chatsite.realtime.queues.group_commit import LIGHT_WEIGHT, MAX_WEIGHT, GroupCommit
from tests.support import ROOT


def outcomes_of(run, *items):
    """What a batch of these items would be told."""
    return GroupCommit(run)._outcomes(list(items))


def test_a_result_for_each_in_order():
    assert outcomes_of(lambda items: [item * 2 for item in items], 1, 2, 3) == [2, 4, 6]


def test_a_bad_one_fails_alone():
    def run(items):
        if "bad" in items:
            raise IntegrityError
        return [item.upper() for item in items]

    first, bad, last = outcomes_of(run, "a", "bad", "b")
    assert (first, last) == ("A", "B")
    assert isinstance(bad, IntegrityError)


def test_a_database_that_is_away_is_asked_once():
    asked = []

    def run(items):
        asked.append(items)
        raise OperationalError

    assert [type(outcome) for outcome in outcomes_of(run, 1, 2, 3)] == [OperationalError] * 3
    assert len(asked) == 1


def test_wait_returns_the_result_and_raises_the_error():
    batches = GroupCommit(lambda items: [item if item else ValueError("zero") for item in items])
    assert batches.wait(5) == 5
    with pytest.raises(ValueError, match="zero"):
        batches.wait(0)


def test_an_answer_that_fails_keeps_nobody_else_from_theirs():
    batches, told = GroupCommit(lambda items: items), []
    batches.submit(1, lambda outcome: 1 / 0)
    batches.submit(2, told.append)
    assert told == [2]


def test_long_items_go_in_several_batches():
    ran, done = [], []
    weights = [MAX_WEIGHT * 2, MAX_WEIGHT // 2, MAX_WEIGHT // 2, 1, 1]
    batches = GroupCommit(lambda items: ran.append(list(items)) or items, weigh=lambda item: item)
    batches._running = True
    for item in weights:
        batches.submit(item, done.append)
    batches._drain()
    assert ran == [weights[:1], weights[1:3], weights[3:]]
    assert done == weights


def test_those_who_wait_take_turns():
    batches = GroupCommit(lambda items: items, owner_of=lambda item: item[0])
    batches._running = True
    for item in ("a1", "a2", "a3", "b1", "c1", "b2"):
        batches.submit(item, lambda outcome: None)
    assert [item for item, _ in batches._next_batch()] == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert not batches._waiting


def test_light_ones_wait_for_no_second_heavy_one():
    batches = GroupCommit(lambda items: items, owner_of=lambda item: item[0], weigh=lambda item: item[1])
    batches._running = True
    heavy, light = MAX_WEIGHT, LIGHT_WEIGHT
    for item in (("a", heavy), ("a", heavy), ("b", heavy), ("c", light), ("c", heavy), ("d", light)):
        batches.submit(item, lambda outcome: None)
    ran = [[item for item, _ in batches._next_batch()] for _ in range(5)]
    assert ran == [
        [("a", heavy)],
        [("c", light), ("d", light)],
        [("b", heavy)],
        [("a", heavy)],
        [("c", heavy)],
    ]
    assert not batches._waiting


SCRIPT = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
from chatsite.realtime.queues import group_commit as module
module.LINGER_SECONDS = 0.02
order = []

def run(items):
    eventlet.sleep(0.08)
    order.extend(items)
    return items

batches, told = module.GroupCommit(run), []
for number in range(30):
    batches.submit(number, told.append)
    eventlet.sleep((0.05, 0.1, 0)[number % 3])
while len(told) < 30 or batches._running:
    eventlet.sleep(0.01)
print(told == order == list(range(30)), batches._running)
"""


def test_a_batch_that_takes_longer_than_the_wait_for_more_loses_nobody():
    """Whoever came while the last one ended was never answered."""
    assert said_by(SCRIPT) == "True False"


SLOW_ANSWERS = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
from chatsite.realtime.queues import group_commit as module
told = []

def run(items):
    eventlet.sleep(0.01)
    return items

def tell(outcome):
    # The first batch is answered while the second runs, behind which none waits.
    if outcome == 0:
        eventlet.sleep(0.1)
    told.append(outcome)

batches = module.GroupCommit(run)
for number in range(2):
    batches.submit(number, tell)
    eventlet.sleep(0.005)
while len(told) < 2:
    eventlet.sleep(0.01)
print(told, batches._open)
"""


def test_answers_come_in_order_also_where_one_takes_long():
    assert said_by(SLOW_ANSWERS) == "[0, 1] 0"


SHARING = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
from chatsite.realtime.queues import group_commit as module
sizes, told = [], []

def run(items):
    sizes.append(len(items))
    eventlet.sleep(0.01)
    return items

for shares in (False, True):
    batches = module.GroupCommit(run, shares=lambda: shares)
    for count in (module.SHARED_ITEMS, 100):
        for number in range(count):
            batches.submit(number, told.append)
        while batches.busy:
            eventlet.sleep(0.01)
    print(sizes, batches._open, end=" ")
    sizes.clear()

def again(outcome):
    batches.submit(outcome, again)

for number in range(100):
    again(number)
    eventlet.sleep(0)
while len(sizes) < 40:
    eventlet.sleep(0.01)
print(max(sizes[20:]) <= 50, 0 < batches._open <= 100)
"""


def test_where_batches_share_what_is_under_way_none_takes_more_than_half():
    """One of all but a few left the loop nothing to do while the database stored it."""
    assert said_by(SHARING) == "[16, 100] 0 [16, 50, 50] 0 True True"


STEPS = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
from chatsite.realtime.queues import group_commit as module
steps, served, told = [], [], []

def prepare(items):
    steps.append(("made", len(items)))
    return items

def run(items):
    steps.append(("run", len(items)))
    eventlet.sleep(0.01)
    return items

class Counted(module.GroupCommit):
    def _serve(self):
        served.append(1)
        super()._serve()

# Far more than a busy machine stands still.
module.LINGER_SECONDS = 3
batches = Counted(run, prepare=prepare, shares=lambda: True)
for count in (1, 100):
    steps.clear()
    for number in range(count):
        batches.submit(number, told.append)
    while len(told) < count or batches.busy:
        eventlet.sleep(0.01)
print(steps, end=" ")
for number in range(5):
    eventlet.sleep(0.7)
    batches.submit(number, told.append)
print(len(served), batches._running, end=" ")
eventlet.sleep(0.5)
print(len(served), batches._running, end=" ")
while batches._running:
    eventlet.sleep(0.01)
print(len(told))
"""


def test_the_second_half_is_made_while_the_first_is_stored_and_who_comes_again_finds_the_queue_open():
    steps = [("made", 50), ("run", 50), ("made", 50), ("run", 50)]
    assert said_by(STEPS) == f"{steps} 1 True 1 True 106"


GATHERING = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
from chatsite.realtime.queues import group_commit as module
module.LINGER_SECONDS = 0.02
asked, ran, told = [], [], []

def gather(items):
    asked.append(sorted(items))
    return 0.05 if "first" in asked[-1] else 0

def run(items):
    ran.append(items)
    return items

batches = module.GroupCommit(run, gather=gather, owner_of=lambda item: item)
for item in ("first", "second"):
    batches.submit(item, told.append)
    eventlet.sleep(0.01)
while len(told) < 2 or batches._running:
    eventlet.sleep(0.01)
batches.submit("first", told.append)
eventlet.sleep(0.01)
late = batches._waiting.pop("first")
while batches._running:
    eventlet.sleep(0.01)
batches._waiting["first"] = late
batches.submit("third", told.append)
while len(told) < 4 or batches._running:
    eventlet.sleep(0.01)
print(asked, ran)
"""


def test_items_that_come_while_a_batch_is_gathered_go_with_it():
    """And where all are late by then, there is no batch."""
    asked, ran = "[['first'], ['first'], ['first', 'third']]", "[['first', 'second'], ['first', 'third']]"
    assert said_by(GATHERING) == f"{asked} {ran}"


def said_by(script):
    """What the script prints."""
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def test_too_few_outcomes_leave_nobody_without_an_answer():
    batches, told = GroupCommit(lambda items: items[:-1]), []
    batches._running = True
    for item in (1, 2):
        batches.submit(item, told.append)
    batches._drain()
    assert told[0] == 1
    assert isinstance(told[1], RuntimeError)
