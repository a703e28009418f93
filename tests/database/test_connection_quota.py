"""A process never has more connections to PostgreSQL than it may, and who finds none is told so soon."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from uuid import uuid4

import psycopg
import pytest
import requests

from chatsite.database.connection_quota import BATCH_CONNECTIONS, max_handlers, shares
from tests.support.clients.cast import Chatter, rest, settle
from tests.support.servers.harness import serve
from tests.support.servers.postgres import find

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not installed"),
]

BOUND = 16
REQUESTS = shares(BOUND)["request"]


@pytest.mark.parametrize("total", [16, 17, 20, 40, 99])
def test_the_shares_are_the_whole_and_everybody_has_some(total):
    found = shares(total)
    assert sum(found.values()) == total
    assert found["batch"] == BATCH_CONNECTIONS
    assert found["request"] >= 4
    assert 2 <= max_handlers(total) < found["other"]


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    settings = {"DATABASE_CONNECTIONS": str(BOUND), "DATABASE_STATEMENT_TIMEOUT": "0"}
    with serve(tmp_path_factory.mktemp("site"), DATABASE_URL=database, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def tokens(server):
    return settle(server)


class Watch(threading.Thread):
    """How many connections the server had at most, and how many of them waited for a lock."""

    def __init__(self, database):
        super().__init__(daemon=True)
        self.database, self.most, self.stuck, self.over = database, 0, 0, threading.Event()
        self.start()

    def run(self):
        found = (
            "SELECT count(*), count(*) FILTER (WHERE wait_event_type = 'Lock') FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND application_name <> 'watch'"
        )
        with psycopg.connect(self.database, autocommit=True, application_name="watch") as connection:
            while not self.over.wait(0.01):
                count, self.stuck = connection.execute(found).fetchone()
                self.most = max(self.most, count)

    def until(self, stuck):
        ended = time.monotonic() + 60
        while self.stuck < stuck and time.monotonic() < ended:
            time.sleep(0.02)
        return self.stuck

    def end(self):
        self.over.set()
        self.join()
        return self.most


def held(database, *tables):
    """Whoever reads one of these tables waits until this is closed."""
    connection = psycopg.connect(database, application_name="watch")
    connection.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
    return connection


def list_rooms(server, tokens, number=0):
    """By one person after another: each has a part of what may be asked at once."""
    token = list(tokens.values())[number % len(tokens)]
    headers = {"Authorization": f"Token {token}"}
    return requests.get(f"{server.url}/room", headers=headers, timeout=60)


def outcome(answer):
    """Of a REST answer."""
    return answer.status_code, answer.json().get("code") if answer.status_code != 200 else None


def read(chatter):
    return chatter.io.call("read", {"room": "board", "seq": 1}, timeout=60)


def sync(chatter):
    return chatter.io.call("sync", {"room": "board", "after": 0}, timeout=60)


def say(chatter):
    return chatter.io.call(
        "chat-message", {"room": "board", "body": "x", "client_id": str(uuid4())}, timeout=60
    )


EVENTS = (read, sync, say)


def test_never_more_than_the_bound_whoever_asks(server, tokens, database):
    """Forty requests and thirty sockets with three kinds of events, all of which have to wait."""
    chatters = [Chatter(server, tokens["member"]) for _ in range(30)]
    watch = Watch(database)

    with ThreadPoolExecutor(70) as pool:
        with held(database, "rooms_membership", "rooms_mention", "rooms_roominvite"):
            asked = [pool.submit(list_rooms, server, tokens, number) for number in range(40)]
            events = [pool.submit(EVENTS[n % 3], chatter) for n, chatter in enumerate(chatters)]
            assert watch.until(REQUESTS + 3) >= REQUESTS + 3
            refused = islice(as_completed(asked, timeout=60), 40 - REQUESTS)
            assert {outcome(one.result()) for one in refused} == {(503, "unavailable")}
        codes = {answer.get("error", {}).get("code") for answer in (one.result() for one in events)}
        assert codes <= {None, "unavailable"}
    most = watch.end()
    assert REQUESTS + 3 <= most <= BOUND
    assert rest(server, tokens["member"], "GET", "/room").status_code == 200
    assert all(event(chatter)["ok"] for event in EVENTS for chatter in chatters)
    for chatter in chatters:
        chatter.close()


def test_slow_requests_leave_connections_to_who_sends_messages(server, tokens, database):
    """As many as may hold one; who comes beside them is told to try again, and those are answered in the end."""
    owner = Chatter(server, tokens["owner"])
    owner.join("board")
    watch = Watch(database)
    with ThreadPoolExecutor(12) as pool:
        with held(database, "rooms_roominvite", "rooms_mention"):
            asked = [pool.submit(list_rooms, server, tokens, number) for number in range(12)]
            assert watch.until(REQUESTS) >= REQUESTS
            assert owner.say("board", "meanwhile")["ok"]
            refused = list(islice(as_completed(asked, timeout=60), 12 - REQUESTS))
            assert {outcome(one.result()) for one in refused} == {(503, "unavailable")}
            assert not any(one.done() for one in asked if one not in refused)
        assert [one.result().status_code for one in asked if one not in refused] == [200] * REQUESTS
    assert watch.end() <= BOUND
    owner.close()
