"""What one client may ask for, and what it is told when it asks for more."""

import json
import time

import pytest

from chatsite.realtime.delivery import peers as processes
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity
from chatsite.realtime.delivery.peers import Peers
from chatsite.realtime.limits import limits
from chatsite.realtime.limits.limits import (
    REPORTED_CONNECTIONS,
    AddressLimits,
    PersonRates,
    RemoteConnections,
    TokenBucket,
)
from tests.support.clients.cast import Chatter, settle
from tests.support.clients.raw_clients import Polling, RawSocket, compact, masked
from tests.support.servers.harness import ANSWER, serve
from tests.support.sites import PATIENT

LIMITS = {
    "TRUST_PROXY": "true",
    "SOCKETS_PER_USER": "3",
    "SOCKETS_PER_ADDRESS": "5",
    "HANDSHAKES_PER_ADDRESS": "30",
    "ROOMS_PER_SOCKET": "1",
    "EVENTS_PER_SECOND": "2",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    application = PATIENT
    with serve(tmp_path_factory.mktemp("limits"), application, ASKING="240", **LIMITS) as server:
        yield server, settle(server)


def test_a_pace_has_its_burst_and_then_its_rate():
    pace, until, now = TokenBucket(rate=2, burst=4), 0.0, 100.0
    for _ in range(4):
        until, wait = pace.take(until, now)
        assert wait == 0
    assert pace.take(until, now) == (until, pytest.approx(0.5))
    assert pace.take(until, now) == (until, pytest.approx(0.5)), "what is refused costs nothing"
    until, wait = pace.take(until, now + 0.5)
    assert wait == 0
    assert pace.take(until, now + 0.5)[1] == pytest.approx(0.5)
    until, wait = pace.take(until, now + 1000)
    assert (wait, until) == (0, now + 1000.5)


def test_who_waits_as_long_as_it_is_told_is_let_through():
    pace, until, now = TokenBucket(rate=7, burst=3), 0.0, 5e8
    for _ in range(1000):
        until, wait = pace.take(until, now)
        if wait:
            now += wait
            until, wait = pace.take(until, now)
            assert wait == 0


def test_no_limit():
    pace, until = TokenBucket(0, 0), 0.0
    for _ in range(1000):
        until, wait = pace.take(until, 100.0)
        assert wait == 0


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(limits, "monotonic", lambda: now[0])
    return now


class Told(Peers):
    there = True

    def __init__(self):
        self.words = []

    def notify(self, word, *parts):
        self.words.append((word, *parts))


@pytest.fixture
def told(monkeypatch):
    told = Told()
    monkeypatch.setattr(processes, "site", told)
    return told


def test_a_person_has_one_pace_over_all_that_they_do(clock):
    people = PersonRates(rate=2, burst=4)
    assert [people.take(1) for _ in range(5)] == [0, 0, 0, 0, pytest.approx(0.5)]
    assert people.take(2) == 0, "nobody else notices"
    people.charge(1, 2)
    assert people.wait(1) == pytest.approx(1.0)
    clock[0] += 1.5
    assert people.take(1) == 0


def test_people_who_have_been_quiet_are_forgotten(clock, monkeypatch):
    monkeypatch.setattr(limits, "REMEMBERED_PAYERS", 10)
    people = PersonRates(rate=1, burst=2)
    for person in range(1000):
        people.take(person)
        clock[0] += 1
    assert len(people._until) <= 21


def test_no_rate_is_no_limit_for_people(clock):
    people = PersonRates(0, 0)
    people.charge(1, 1000)
    assert (people.take(1), people.wait(1)) == (0, 0)


def test_other_processes_are_told_of_who_spends_much(clock, told):
    shared = PersonRates(rate=10, burst=100, word="test")
    for _ in range(12):
        assert shared.take(1) == 0
    for _ in range(4):
        shared.take(2)
    assert told.words == [("test", 1, 5), ("test", 1, 5)]


def test_what_was_spent_elsewhere_counts_here_and_isnt_told_again(clock, told):
    shared = PersonRates(rate=10, burst=100, word="test")
    for _ in range(20):
        assert processes.dispatch("test", [1, 5])
    assert shared.take(1) > 0
    assert shared.take(2) == 0
    assert told.words == []
    # Nobody pays for more, or less than nothing, whoever says so.
    processes.dispatch("test", [2, 1_000_000]), processes.dispatch("test", [1, -5])
    assert shared.take(2) == 0
    assert shared.take(1) > 0


class Channel:
    waiting = 0

    def push(self, frame, droppable=False): ...


@pytest.fixture
def connected():
    """`connected(person)` is one more connection of theirs."""
    opened = []

    def connected(person):
        connection = Connection(f"sid{len(opened)}", Identity(person, f"person{person}"), Channel())
        limits.subscriptions.attach(connection)
        opened.append(connection)
        return connection

    yield connected
    for connection in opened:
        limits.subscriptions.detach(connection)


def test_connections_in_other_processes_count_until_nobody_tells_of_them(clock, told, connected, settings):
    settings.SOCKETS_PER_USER = 12
    one = connected(1)
    assert limits.connection_limit_error(one) is None
    processes.dispatch("sockets", ["another", 1, 12])
    assert limits.connection_limit_error(one).code == "rate_limited"
    clock[0] += limits.REPORT_VALID_SECONDS
    assert limits.connection_limit_error(one) is None


def test_other_processes_are_told_of_who_has_many_connections(clock, told, connected):
    elsewhere = RemoteConnections()
    opened = []
    for _ in range(REPORTED_CONNECTIONS + 3):
        opened.append(connected(1))
        elsewhere.opened(1)
    assert [words[2:] for words in told.words] == [(1, REPORTED_CONNECTIONS)]
    limits.subscriptions.detach(opened.pop())
    elsewhere.report()
    assert told.words[-1][2:] == (1, REPORTED_CONNECTIONS + 2)
    while opened:
        limits.subscriptions.detach(opened.pop())
    elsewhere.report(), elsewhere.report()
    assert [words[2:] for words in told.words[2:]] == [(1, 0)], "and no more"


def test_the_connections_of_one_person_join_so_many_rooms_together(connected, settings):
    settings.ROOMS_PER_SOCKET = 2
    opened = [connected(1) for _ in range(limits.CONNECTIONS_WITH_ALL_ROOMS + 1)]
    for number, connection in enumerate(opened[:-1]):
        for slug in (f"a{number}", f"b{number}"):
            assert limits.room_limit_error(connection, slug) is None
            limits.subscriptions.subscribe(connection, slug)
    assert limits.room_limit_error(opened[-1], "c").code == "too_large"
    assert limits.room_limit_error(opened[0], "a0") is None, "the same once more"
    assert limits.room_limit_error(connected(2), "c") is None
    limits.subscriptions.unsubscribe(opened[0], "a0")
    assert limits.room_limit_error(opened[-1], "c") is None


def test_this_machine_has_no_limit(settings):
    settings.SOCKETS_PER_ADDRESS = settings.HANDSHAKES_PER_ADDRESS = 1
    addresses = AddressLimits()
    for address, free in (
        ("127.0.0.1", True),
        ("::/64", True),
        ("192.0.2.1", False),
        ("2001:db8::/64", False),
    ):
        addresses.opened(address)
        assert addresses.are_full(address) is not free
        assert not addresses.wait(address)
        assert bool(addresses.wait(address)) is not free


def test_addresses_are_forgotten(settings, monkeypatch, clock):
    monkeypatch.setattr(limits, "REMEMBERED_PAYERS", 10)
    addresses = AddressLimits()
    for number in range(1000):
        clock[0] += 60
        addresses.opened(f"192.0.2.{number}")
        addresses.wait(f"192.0.2.{number}")
        addresses.closed(f"192.0.2.{number}")
    assert len(addresses._until) <= 11
    assert not addresses._open


# Events, of which twenty may come at once and two a second; with less than 40 frames, beyond which it isn't read.
AT_ONCE, SENT = 20, 30


def at(address):
    return {"X-Forwarded-For": address}


def opened(server, address):
    """A socket that was let open, or the status."""
    raw = RawSocket(server, headers=at(address))
    return raw if raw.status == 101 else raw.status


@pytest.mark.realtime
def test_one_that_sends_too_much(site):
    server, tokens = site
    with RawSocket(server) as raw, RawSocket(server) as second:
        raw.connect(tokens["member"]), second.connect(tokens["member"])
        began = time.monotonic()
        for number in range(SENT):
            raw.send(f"42{number}" + compact(["leave", {"room": "lobby"}]))
        answers = {}
        while len(answers) < SENT:
            number, _, ack = raw.until("43")[2:].partition("[")
            answers[int(number)] = json.loads("[" + ack)[0]
        assert list(answers) == list(range(SENT)), "each is answered in its turn"
        good = [number for number, answer in answers.items() if answer["ok"]]
        assert good[:AT_ONCE] == list(range(AT_ONCE))
        assert len(good) <= AT_ONCE + 2 * (time.monotonic() - began) + 1
        refused = next(answer for answer in answers.values() if not answer["ok"])["error"]
        assert refused["code"] == "rate_limited"
        assert 0 < refused["retry_after"] <= 0.51
        assert refused["detail"]
        for _ in range(AT_ONCE):
            second.emit("leave", {"room": "lobby"})
        name, data = second.event()
        assert (name, data["error"]["code"]) == ("request-failed", "rate_limited"), "it is the same person"
        for _ in range(12):
            raw.emit("leave", {"room": "lobby"})
        name, data = raw.event()
        assert (name, data["event"], data["error"]["code"]) == ("request-failed", "leave", "rate_limited")
        answer = raw.call("leave", {"room": "lobby"})
        time.sleep(answer.get("error", {"retry_after": 0.5})["retry_after"] + 0.05)
        assert raw.call("leave", {"room": "lobby"})["ok"]
    other = Chatter(server, tokens["owner"])
    assert other.call("leave", {"room": "lobby"})["ok"], "nobody else notices"
    other.close()


@pytest.mark.realtime
def test_one_in_too_many_rooms(site):
    server, tokens = site
    chatter = Chatter(server, tokens["owner"])
    assert chatter.join("board")["ok"]
    assert chatter.join("lobby")["error"]["code"] == "too_large"
    assert chatter.join("board")["ok"], "the same once more"
    assert chatter.say("lobby")["ok"], "it is still a member"
    chatter.round_trip()
    assert not chatter.all("chat-message"), "and isn't subscribed"
    chatter.call("leave", {"room": "board"})
    assert chatter.join("lobby")["ok"]
    chatter.close()


@pytest.mark.realtime
def test_a_person_with_too_many_connections(site):
    server, tokens = site
    here = [RawSocket(server).connect(tokens["stranger"]) for _ in range(3)]
    with RawSocket(server) as fourth:
        fourth.text()
        fourth.send("40" + json.dumps({"token": tokens["stranger"]}))
        refused = json.loads(fourth.until("44")[2:])
        assert refused["data"] == {"code": "rate_limited"}
        assert "3 connections" in refused["message"]
    for one in here:
        assert one.call("leave", {"room": "nowhere"})["error"]["code"] == "not_found", "the others stay"
    here.pop().close()
    end = time.monotonic() + ANSWER
    while True:
        with RawSocket(server) as another:
            another.text()
            another.send("40" + json.dumps({"token": tokens["stranger"]}))
            if another.text().startswith("40"):
                break
        assert time.monotonic() < end
        time.sleep(0.05)
    for one in here:
        one.close()


@pytest.mark.realtime
def test_an_address_with_too_many_sockets(site):
    server, tokens = site
    here = [opened(server, "203.0.113.1") for _ in range(5)]
    assert opened(server, "203.0.113.1") == 429
    assert Polling(server).request("GET", headers=at("203.0.113.1"))[0] == 429
    with opened(server, "203.0.113.2") as other:
        other.connect(tokens["visitor"])
    here.pop().close()
    end = time.monotonic() + ANSWER
    while (another := opened(server, "203.0.113.1")) == 429:
        assert time.monotonic() < end
        time.sleep(0.05)
    for one in (*here, another):
        one.close()


def try_once(server, address):
    """The status, and the seconds to wait; once the socket is gone, as this isn't about how many there are."""
    with RawSocket(server, headers=at(address)) as raw:
        wait = raw.headers.get("retry-after")
        if raw.status == 101:
            raw.raw(masked(b"", 8))
            raw.end()
    return raw.status, wait and int(wait)


def poll(server, address):
    """The status, the body's code, and the seconds to wait."""
    connection = Polling(server).start("GET", headers=at(address))
    response = connection.getresponse()
    text = response.read()
    connection.close()
    if response.status != 429:
        return response.status, None, None
    return response.status, json.loads(text)["code"], int(response.headers["Retry-After"])


@pytest.mark.realtime
def test_an_address_that_opens_too_quickly(site):
    server, _ = site
    answers = [try_once(server, "2001:db8::1") for _ in range(60)]
    assert answers[:5] == [(101, None)] * 5
    refused = [answer for answer in answers if answer[0] == 429]
    assert refused, "one comes due in two seconds"
    assert {wait for _, wait in refused} <= {1, 2}
    assert 429 in [try_once(server, "2001:db8::2")[0] for _ in range(10)], "the same network"
    assert try_once(server, "2001:db9::2")[0] == 101, "another"
    polled = {poll(server, "2001:db8::1") for _ in range(4)}
    assert polled & {(429, 3, 1), (429, 3, 2)}
