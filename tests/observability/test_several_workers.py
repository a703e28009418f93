"""Several workers behind one port: one answer has the numbers of all of them."""

import os
import signal
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from chatsite.observability.metrics.merging import merged
from tests.observability.test_dashboard import BETWEEN, expressions, names_in
from tests.support.clients.cast import Chatter, settle
from tests.support.run.waiting import wait_for
from tests.support.servers.harness import serve, standing_still
from tests.support.servers.postgres import find, postgres
from tests.support.servers.redis import PROGRAM, redis

COUNT = 3


def test_two_texts_are_one():
    one = (
        '# HELP a_total A\n# TYPE a_total counter\na_total{b="{ }"} 1.0\n# HELP c C\n# TYPE c gauge\nc 2.0\n'
    )
    other = one.replace("1.0", "3.0").replace("A\n", "A, as of the next version\n")
    assert merged({1: one, 2: other}) == (
        '# HELP a_total A\n# TYPE a_total counter\na_total{worker="1",b="{ }"} 1.0\na_total{worker="2",b="{ }"} 3.0\n'
        '# HELP c C\n# TYPE c gauge\nc{worker="1"} 2.0\nc{worker="2"} 2.0\n'
    )


def scrape(server):
    answer = requests.get(server.url + "/metrics", timeout=30, headers={"Connection": "close"})
    assert answer.status_code == 200
    return list(text_string_to_metric_families(answer.text))


def totals(families, name):
    """By worker, what a metric's samples come to."""
    found = defaultdict(float)
    for family in families:
        for sample in family.samples:
            if sample.name == name:
                found[sample.labels["worker"]] += sample.value
    return dict(found)


def all_up(families):
    return sum(totals(families, "chatsite_worker_up").values()) == COUNT


def whole(server):
    """An answer in which nobody is missing: on a busy machine one may take longer than the others wait for it."""
    deadline = time.monotonic() + 60
    while not all_up(found := scrape(server)):
        assert time.monotonic() < deadline, found
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with postgres() as database, redis() as bus:
        settings = {"DATABASE_URL": database, "REDIS_URL": bus.url}
        with serve(tmp_path_factory.mktemp("workers"), workers=COUNT, **settings) as server:
            server.tokens = settle(server)
            wait_for(lambda: all_up(scrape(server)), 60)
            yield server


@pytest.mark.realtime
@pytest.mark.skipif(not (PROGRAM and find("initdb")), reason="Redis or PostgreSQL is not installed")
class TestServed:
    def test_each_worker_is_told_whoever_is_asked(self, server):
        chatters = [Chatter(server, server.tokens["member"]) for _ in range(9)]
        for _ in range(10):
            found = whole(server)
            connections = totals(found, "chatsite_connections")
            assert connections.keys() == {"1", "2", "3"}
            assert sum(connections.values()) == 9
            assert sum(totals(found, "chatsite_handshakes_total").values()) == 9
        for chatter in chatters:
            chatter.close()

    def test_what_the_dashboard_and_the_alerts_ask_for_is_there(self, server):
        told = {name for family in whole(server) for name in told_by(family)}
        asked = {name for expression in expressions() for name in names_in(expression)}
        assert asked - told == set()
        assert {name for name in told if name.startswith(BETWEEN)} - asked == set()

    def test_one_that_stands_still_holds_nobody_up(self, server):
        # The kernel gives some of the requests to the one that stands still.
        with standing_still(server.workers[:1]), ThreadPoolExecutor(8) as pool:
            answers = [answer for answer in pool.map(in_time, [server] * 8) if answer]
        assert answers
        (silent,) = set.intersection(*({one for one in up if not up[one]} for up in answers))
        assert all(set(up) == {"1", "2", "3"} for up in answers), silent
        wait_for(lambda: all_up(scrape(server)), 60)

    def test_who_takes_a_dead_ones_place_takes_its_number(self, server):
        before = totals(whole(server), "process_start_time_seconds")
        os.kill(server.workers[0], signal.SIGKILL)
        wait_for(lambda: len(server.workers) == COUNT and all_up(scrape(server)), 60)
        after = totals(whole(server), "process_start_time_seconds")
        assert after.keys() == before.keys()
        assert sum(after[number] != before[number] for number in before) == 1


def in_time(server):
    try:
        answer = requests.get(server.url + "/metrics", timeout=20, headers={"Connection": "close"})
    except requests.Timeout:
        return None
    families = text_string_to_metric_families(answer.text)
    (up,) = [family for family in families if family.name == "chatsite_worker_up"]
    return {sample.labels["worker"]: sample.value for sample in up.samples}


def told_by(family):
    ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "info": ["_info"]}
    return [family.name + end for end in ends.get(family.type, [""])]
