"""Who floods waits for itself: what it sends isn't read for as long as it was too much, and nobody else notices."""

import json
import threading
import time
from itertools import count

import pytest

from tests.support.clients.raw_clients import Polling, RawSocket, compact, masked
from tests.support.servers.harness import serve
from tests.support.sites import ECHO

pytestmark = pytest.mark.realtime

# Events a second; 100 of them and 200 frames may come at once.
RATE, EVENTS, FRAMES = 10, 100, 200
# What nobody asked for, and what no handler gets to see.
FLOODS = {
    "pongs": masked(b"3"),
    "noops": masked(b"6"),
    "acks": masked(b"43[1]"),
    "pings of the websocket": masked(b"", 9),
    "pongs of the websocket": masked(b"", 10),
    "unknown events": masked(b'42["nope"]'),
    "unreadable events": masked(b'42["echo",' + b"9" * 30 + b"]"),
    "large events": masked(b'42["echo",{"text":"' + b"x" * 65_000 + b'"}]'),
    "events that are too large": masked(b'42["echo",{"text":"' + b"x" * 260_000 + b'"}]'),
    "escaped events": masked(b'42["echo",{"text":"' + rb"\ud83d\ude00" * 10_000 + b'"}]'),
}
PATIENCE = 30
# Somebody else each time: what a person has sent too much counts for their next connection. Their ids are of their letters.
flooders = (f"flooder-{'a' * number}" for number in count(1))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    site = ECHO
    with serve(tmp_path_factory.mktemp("floods"), site, EVENTS_PER_SECOND=str(RATE)) as server:
        yield server


@pytest.fixture
def friend(server):
    with RawSocket(server) as socket:
        yield socket.connect("friend")


@pytest.fixture
def flooder(server):
    with RawSocket(server) as socket:
        yield socket.connect(next(flooders))


def pour(socket, frame):
    """Sends until it is closed, and reads its answers: it isn't cut for that."""

    def send():
        try:
            while True:
                socket.sendall(frame * max(1, 16_384 // len(frame)))
        except OSError:
            pass

    def drain():
        try:
            while socket.recv(1 << 20):
                pass
        except OSError:
            pass

    for function in (send, drain):
        threading.Thread(target=function, daemon=True).start()


def until_held(friend):
    """Asks the server, as somebody else, who is served meanwhile."""
    deadline = time.monotonic() + PATIENCE
    while not friend.call("state")["held"]:
        assert time.monotonic() < deadline, "it is read on and on"
        time.sleep(0.1)


@pytest.mark.parametrize("kind", FLOODS)
def test_who_floods_is_not_read_any_more(friend, flooder, kind):
    pour(flooder.socket, FLOODS[kind])
    until_held(friend)


def test_who_sends_fragments_without_an_end_is_not_read_either(friend, flooder):
    flooder.raw(masked(b"4", final=False))
    pour(flooder.socket, masked(b"", 0, final=False))
    until_held(friend)


def test_a_flood_of_polls_is_not_read_either(server, friend):
    polling = Polling(server).connect(next(flooders))
    slow = polling.start("POST", b"\x1e".join([b"3"] * (FRAMES + 1000)))
    until_held(friend)
    slow.close()


def test_who_is_not_read_for_a_while_is_read_again(flooder):
    """Seventy frames too many, at twenty a second: more than the 8 KiB that are read at once."""
    began = time.monotonic()
    flooder.raw(masked(b"x" * 125, 10) * (FRAMES + 50))
    assert flooder.call("echo") == {"ok": True, "echo": {}}
    assert time.monotonic() - began > 2


def unreadable(number):
    return f"42{number}".encode() + b'["echo",' + b"9" * 30 + b"]"


def test_unreadable_events_count_as_events(flooder):
    # Some more than come due while they are read.
    flooder.raw(b"".join(masked(unreadable(number)) for number in range(EVENTS + 60)))
    flooder.send("424000" + compact(["echo", {}]))
    answers = [json.loads(flooder.text().partition("[")[2][:-1]) for _ in range(EVENTS)]
    assert {answer["error"]["code"] for answer in answers} == {"invalid"}
    last = json.loads(flooder.until("434000[")[6:])[0]
    assert last["error"]["code"] == "rate_limited"
