"""Slots in turns, under eventlet in a process of their own."""

import json

import pytest

from tests.support.servers.harness import apart

SETUP = """
import eventlet; eventlet.monkey_patch()
import json
from chatsite.contract.errors import ChatError
from chatsite.realtime.queues import slots as module
from chatsite.realtime.queues.slots import Slots
slots, order, running, most = Slots(2), [], [], []

def take(whose, seconds=0.02):
    try:
        with slots.taken(whose):
            running.append(whose)
            most.append(list(running))
            eventlet.sleep(seconds)
            running.remove(whose)
            order.append(whose)
    except ChatError as error:
        order.append(f"{whose} {error.code}")
"""


def told(script):
    return json.loads(apart(SETUP + script).splitlines()[-1])


def test_one_of_each_person_and_people_in_turns():
    order, most = told("""
greens = [eventlet.spawn(take, whose) for whose in ["mallory"] * 5 + ["ada", "bob", "ada"]]
[green.wait() for green in greens]
print(json.dumps([order, most]))
""")
    assert max(len(at_once) for at_once in most) == 2
    assert all(len(set(at_once)) == len(at_once) for at_once in most)
    assert order.index("ada") < 2
    assert order.index("bob") < 4
    assert sorted(order) == ["ada"] * 2 + ["bob"] + ["mallory"] * 5


def test_who_asks_too_often_is_refused_and_nobody_else():
    order = told("""
greens = [eventlet.spawn(take, whose) for whose in ["mallory"] * 12 + ["ada"]]
[green.wait() for green in greens]
print(json.dumps(order))
""")
    assert order.count("mallory rate_limited") == 7
    assert order.count("mallory") == 5
    assert order.count("ada") == 1


@pytest.mark.parametrize("ended", ["green.kill()", "module.WAIT_SECONDS"])
def test_who_waits_no_more_keeps_nobody_out(ended):
    order = told(f"""
module.WAIT_SECONDS = 0.05 if "WAIT" in {ended!r} else 10
first = [eventlet.spawn(take, whose, 0.2) for whose in ("ada", "bob")]
eventlet.sleep(0)
green = eventlet.spawn(take, "carol")
eventlet.sleep(0)
{ended}
[one.wait() for one in first]
last = eventlet.spawn(take, "dora")
last.wait()
print(json.dumps([order, len(slots._running), len(slots._waiting), slots.wanted]))
""")
    told_carol = [] if "kill" in ended else ["carol unavailable"]
    assert order == [[*told_carol, "ada", "bob", "dora"], 0, 0, False]


def test_outside_of_the_server_nobody_waits():
    from chatsite.realtime.queues.slots import Slots

    slots = Slots(1)
    with slots.taken("ada"), slots.taken("ada"), slots.taken("bob"):
        assert not slots.wanted
