"""How handlers are run: in order, one at a time for a client, many at once for the server, and cleaned up after."""

import json
import time
from select import select
from statistics import median

import pytest

from tests.support.clients.raw_clients import RawSocket
from tests.support.servers.harness import ANSWER

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("alive")]


def test_events_of_one_client_are_handled_in_the_order_sent(raw):
    """Reliability 9: the library's default ran 0–5 as 1, 3, 5, 0, 2, 4."""
    socket = raw().connect()
    for n in range(8):
        socket.send(f"42{n}" + json.dumps(["slow", {"n": n, "seconds": 0.04 * (n % 2)}]))
    heard = [socket.text() for _ in range(8)]
    assert [json.loads(packet[3:])[0]["n"] for packet in heard] == list(range(8))


def test_clients_do_not_wait_for_each_other(raw):
    slow, quick = raw().connect(), raw().connect()
    slow.send('427["slow",{"n":0,"seconds":20}]')
    began = time.monotonic()
    assert quick.call("echo") == {"ok": True, "echo": {}}
    assert time.monotonic() - began < 20


def test_a_client_that_sends_faster_than_is_handled_is_read_slower_and_loses_nothing(raw):
    socket = raw().connect()
    socket.send('427["slow",{"n":0,"seconds":0.5}]')
    for n in range(900):
        socket.send(f'421{n:04}["echo",{{"n":{n}}}]')
    heard = [socket.text() for _ in range(901)]
    assert [json.loads(packet[packet.index("[") :])[0]["echo"]["n"] for packet in heard[1:]] == list(
        range(900)
    )


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (
            "bug",
            {
                "code": "internal",
                "detail": "A fault of the server's kept it from doing that. Its log says which.",
            },
        ),
        ("database", {"code": "unavailable", "detail": "The server could not do that now. Try again."}),
        ("limit", {"code": "rate_limited", "detail": "Too many requests. Wait a moment.", "retry_after": 3}),
        ("check", {"code": "invalid", "detail": "body: Too dull.", "fields": {"body": ["Too dull."]}}),
    ],
)
def test_a_handlers_failure_is_the_contracts_error(raw, how, expected):
    socket = raw().connect()
    assert socket.call("fail", {"how": how}) == {"ok": False, "error": expected}
    assert socket.call("echo") == {"ok": True, "echo": {}}


def test_who_is_no_longer_authorised_is_told_and_closed(raw):
    socket, other = raw().connect("revoked-one"), raw().connect()
    other.call("revoke", {"user": "revoked-one"})
    socket.send('427["echo",{}]')
    assert json.loads(socket.text()[3:])[0]["error"]["code"] == "unauthorized"
    assert socket.event() == ["session-ended", {"code": "logged_out"}]
    assert socket.text() == "41"
    assert socket.end() == 1000


def test_ended_sessions_close_and_what_they_send_is_not_handled(raw):
    socket, other = raw().connect("banned-one"), raw().connect()
    other.call("end", {"user": "banned-one"})
    assert socket.event() == ["session-ended", {"code": "banned"}]
    assert socket.text() == "41"
    assert socket.end() == 1000
    assert ["disconnected", "banned-one"] in other.call("state")["history"]


@pytest.mark.parametrize("goodbye", ["41", "1", None])
def test_connected_and_disconnected_come_once_each(raw, goodbye):
    watcher, socket = raw().connect("watcher"), raw().connect(f"passer-{goodbye}")
    socket.send(goodbye) if goodbye else socket.close()
    deadline = time.monotonic() + ANSWER
    while "disconnected" not in (seen := passed(watcher, f"passer-{goodbye}")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert seen == ["connected", "disconnected"]


def passed(watcher, username):
    return [what for what, who in watcher.call("state")["history"] if who == username]


def test_events_sent_before_leaving_are_still_handled(raw):
    watcher, socket = raw().connect(), raw().connect()
    watcher.call("join", {"room": "parting"})
    socket.emit("say", {"room": "parting", "text": "bye"})
    socket.close()
    assert watcher.event() == ["said", {"n": 0, "text": "bye"}]


def test_jobs_go_on_after_a_failure(raw):
    socket = raw().connect()
    socket.call("break")
    before = socket.call("state")["jobs"]
    deadline = time.monotonic() + ANSWER
    while socket.call("state")["jobs"] < before + 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nothing_is_told_before_connect_is_answered(raw):
    """Somebody says something to who is just being let in."""
    socket = raw().connect("early")
    socket.send('427["echo",{}]')
    assert socket.text() == '42["news",{}]'
    assert socket.text().startswith("437[")


def test_nothing_in_the_process_is_asyncio_and_psycopg_is_not_loaded(raw):
    """Reliability 18. How psycopg waits is told where it is used (tests/database/test_connections.py)."""
    state = raw().connect().call("state")
    assert state["wait"] is None
    assert state["asyncio"] is False
    assert state["hub"] in ("eventlet.hubs.epolls", "eventlet.hubs.poll", "eventlet.hubs.selects")


def test_what_is_loaded_stays_and_what_comes_then_is_collected(raw):
    """While the site is loaded nothing is."""
    state = raw().connect().call("state")
    assert state["frozen"] > 100_000
    assert state["collects"] is True


def test_a_password_hash_holds_up_nobody(raw):
    """Reliability 17: one took 0.45 s of everybody's time."""
    busy, quick = [raw().connect() for _ in range(4)], raw().connect("bo")
    for socket in busy:
        socket.send('427["hash",{}]')
    waits, began = [], time.monotonic()
    while len(select([socket.socket for socket in busy], [], [], 0)[0]) < len(busy):
        asked = time.monotonic()
        quick.call("echo")
        waits.append(time.monotonic() - asked)
    one = (time.monotonic() - began) / len(busy)
    # In the loop's own thread there would be an answer between two hashes, and each would wait for one of them.
    assert len(waits) > 2 * len(busy)
    assert median(waits) < one / 2
    for socket in busy:
        assert json.loads(socket.until("437")[3:])[0] == {"ok": True}


def test_nothing_is_left_of_those_who_came_and_went(site, raw):
    """Reliability 15: descriptors, sessions, connections and SQLite's files are back to where they were."""
    watcher = raw().connect()
    watcher.call("query")
    before = watcher.call("state")
    for _ in range(3):
        sockets = [RawSocket(site).connect("passing") for _ in range(30)]
        for socket in sockets:
            assert socket.call("query") == {"ok": True, "one": 1}
        for socket in sockets:
            socket.close()
    kinds = ("sockets", "sessions", "connections", "half_open", "descriptors", "threads")
    deadline = time.monotonic() + ANSWER
    while grown := {what for what in kinds if watcher.call("state")[what] > before[what]}:
        assert time.monotonic() < deadline, grown
        time.sleep(0.05)
