"""The collector's steps look at what is new, and at everything only where memory has grown much."""

import json

from tests.support.servers.harness import apart

START = """
import gc, json
import eventlet
from chatsite.realtime.scheduling import garbage

class Node:
    died = 0

    def __init__(self):
        self.itself = self

    def __del__(self):
        Node.died += 1

looked_at = []
garbage.gc.callbacks.append(
    lambda phase, about: phase == "start" and about["generation"] == 2 and looked_at.append(len(gc.get_objects())))
garbage.CHECK_INTERVAL_SECONDS = 0.01
collector = garbage.Collector()
collector.start()
del looked_at[:]
"""


def run(script):
    return json.loads(apart(START + script))


def test_a_step_looks_at_what_was_made_since_the_last_one():
    kept, seen, everything = run(
        """
kept = []
for _ in range(20):
    kept += [Node() for _ in range(5_000)]
    eventlet.sleep(0.02)
print(json.dumps([len(kept), looked_at, gc.get_freeze_count()]))
"""
    )
    assert kept == 100_000
    assert seen, "none of it was looked at"
    assert max(seen) < 50_000, seen
    assert everything > 50_000


def test_a_cycle_that_dies_young_is_freed():
    died = run(
        """
for _ in range(20):
    [Node() for _ in range(5_000)]
    eventlet.sleep(0.02)
print(json.dumps(Node.died))
"""
    )
    assert died > 60_000


def test_cycles_that_die_old_are_freed_once_memory_has_grown():
    before, after = run(
        """
kept = [Node() for _ in range(50_000)]
eventlet.sleep(0.1)
kept.clear()
gc.collect()
before = Node.died
collector._block_limit = 1
eventlet.sleep(0.1)
print(json.dumps([before, Node.died]))
"""
    )
    assert before < 20_000
    assert after == 50_000
