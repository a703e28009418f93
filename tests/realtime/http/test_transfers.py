"""The pace of transfers and their turns, under eventlet in a process of their own."""

import json

from tests.support.servers.harness import apart

SETUP = """
import os; os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import eventlet; eventlet.monkey_patch()
import json
from time import monotonic
from django.conf import settings
from chatsite.realtime.http.transfers import Lane
settings.FILES_MB_PER_SECOND = 10
lane, order = Lane("in"), []

def move(whose, turns):
    for _ in range(turns):
        lane.turn(whose, lambda: None)
        lane.note(100_000)
        order.append(whose)
"""


def told(script):
    return json.loads(apart(SETUP + script).splitlines()[-1])


def test_all_transfers_together_keep_the_pace():
    """Three people move 3 MB at 10 MB/s: the last turn begins after 0.29 s at the earliest."""
    seconds, order = told("""
began = monotonic()
greens = [eventlet.spawn(move, whose, 10) for whose in ("ada", "bob", "dora")]
[green.wait() for green in greens]
print(json.dumps([monotonic() - began, order]))
""")
    assert seconds > 0.25
    assert len(order) == 30


def test_ten_transfers_of_one_person_have_the_part_of_one():
    order = told("""
greens = [eventlet.spawn(move, "mallory", 3) for _ in range(10)] + [eventlet.spawn(move, "ada", 3)]
[green.wait() for green in greens]
print(json.dumps(order))
""")
    # At most one of mallory's turns between two of hers, and what had begun before.
    assert order.index("ada") <= 3
    assert [n for n, whose in enumerate(order) if whose == "ada"][-1] <= 9
