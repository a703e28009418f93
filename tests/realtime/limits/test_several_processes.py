"""What one person may ask for counts over all processes and doors; while Redis is away, in each for itself."""

import threading
import time
import uuid

import pytest

from tests.support.clients.cast import Browser, rest, settle
from tests.support.clients.raw_clients import RawSocket, compact
from tests.support.run.waiting import wait_for
from tests.support.servers import harness
from tests.support.servers.postgres import postgres
from tests.support.servers.redis import redis
from tests.support.sites import CLUSTER

pytestmark = [pytest.mark.realtime, pytest.mark.serial]

# Events a second; so many may be done at once. And sockets.
RATE, AT_ONCE, SOCKETS = 20, 200, 30
SECONDS = 4.0
# Seconds after which nobody was refused who should have been.
LONGEST_SECONDS = 60.0
# What each process may grant before it has heard of the other: a part of a burst, and what is on its way meanwhile.
SLACK = 40


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with postgres() as database, redis() as server:
        settings = {
            "DATABASE_URL": database,
            "REDIS_URL": server.url,
            "EVENTS_PER_SECOND": str(RATE),
            "SOCKETS_PER_USER": str(SOCKETS),
        }
        with (
            harness.serve(tmp_path_factory.mktemp("one"), CLUSTER, **settings) as one,
            harness.serve(tmp_path_factory.mktemp("other"), CLUSTER, **settings) as other,
        ):
            yield one, other, server, settle(one)


def message():
    return {"room": "lobby", "body": "hello", "client_id": str(uuid.uuid4())}


class Asking:
    """`is_over` after SECONDS, when somebody has been refused too: a busy machine takes longer to spend what is free."""

    def __init__(self):
        self.began, self.refused = time.monotonic(), threading.Event()

    @property
    def seconds(self):
        return time.monotonic() - self.began

    @property
    def is_over(self):
        return self.seconds > SECONDS and (self.refused.is_set() or self.seconds > LONGEST_SECONDS)

    def note(self, granted):
        if not granted:
            self.refused.set()
        return granted


def by_socket(server, token, asking):
    granted = 0
    with RawSocket(server).connect(token) as raw:
        while not asking.is_over:
            granted += asking.note(raw.call("chat-message", message())["ok"])
    return granted


def by_rest(server, token, asking):
    granted = 0
    while not asking.is_over:
        granted += asking.note(rest(server, token, "POST", "/message", **message()).status_code == 201)
    return granted


def by_form(server, name, asking):
    granted, browser = 0, Browser(server, name)
    fields = {"csrfmiddlewaretoken": browser.cookies["csrftoken"], "body": "hello"}
    while not asking.is_over:
        fields["client_id"] = str(uuid.uuid4())
        response = browser.post(
            f"{server.url}/chat/lobby", fields, headers={"Referer": server.url}, allow_redirects=False
        )
        assert response.status_code in (302, 429), response.status_code
        granted += asking.note(response.status_code == 302)
    return granted


def together(*doors):
    """What all of them were granted, and how many seconds that took."""
    granted, asking = [], Asking()
    threads = [
        threading.Thread(target=lambda d=door, a=arguments: granted.append(d(*a, asking)))
        for door, *arguments in doors
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == len(threads)
    return granted, asking.seconds


def test_all_doors_of_all_processes_count_into_one_limit(site):
    one, other, _, tokens = site
    token = tokens["member"]
    doors = [(by_socket, server, token) for server in (one, other) for _ in range(6)]
    doors += [(by_rest, server, token) for server in (one, other)] + [(by_form, one, "member")]
    granted, seconds = together(*doors)
    assert sum(granted) <= AT_ONCE + RATE * seconds + SLACK, granted
    assert sum(granted) >= AT_ONCE * 0.8, "it is as much as it says"
    with RawSocket(one).connect(tokens["owner"]) as raw:
        assert raw.call("chat-message", message())["ok"], "nobody else notices"


def refusal_of(server, token):
    """The code with which a further connection is refused, or None."""
    with RawSocket(server) as raw:
        raw.text()
        raw.send("40" + compact({"token": token}))
        text = raw.text()
    return "rate_limited" if "rate_limited" in text else None


def test_the_connections_of_all_processes_count(site):
    one, other, _, tokens = site
    here = [RawSocket(one).connect(tokens["stranger"]) for _ in range(20)]
    there = []
    try:
        there += [RawSocket(other).connect(tokens["stranger"]) for _ in range(10)]
        wait_for(lambda: refusal_of(other, tokens["stranger"]) == "rate_limited")
        assert refusal_of(other, tokens["owner"]) is None
        for raw in here:
            raw.close()
        wait_for(lambda: refusal_of(other, tokens["stranger"]) is None)
    finally:
        for raw in there:
            raw.close()


def test_without_redis_each_process_counts_for_itself(site):
    one, other, server, tokens = site
    server.stop()
    try:
        granted, seconds = together(
            *((by_socket, process, tokens["owner"]) for process in (one, other) for _ in range(6))
        )
        assert sum(granted) <= 2 * (AT_ONCE + RATE * seconds) + SLACK
        assert sum(granted) >= AT_ONCE * 0.8, "and nobody waits for it"
    finally:
        server.start()
