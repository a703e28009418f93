"""Many sockets in one pass: each gets what it would get by itself, with io_uring and without."""

import random
import socket as sockets
from types import SimpleNamespace

import pytest

from chatsite.realtime.engineio import crowd
from chatsite.realtime.engineio.engine_session import MAX_BUFFERED_BYTES, EngineSocket
from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.protocol.frames import frame
from chatsite.realtime.scheduling import epoll, flush_scheduler, hub
from chatsite.realtime.scheduling.send_ring import SendRing
from tests.realtime.engineio.test_slow_readers import Ended
from tests.realtime.scheduling.test_send_ring import read_all

MANY = crowd.RING_FROM + 4


@pytest.fixture(params=["io_uring", "one by one"])
def way(request, monkeypatch):
    ring = SendRing.open() if request.param == "io_uring" else None
    if ring is None and request.param == "io_uring":
        pytest.skip("the kernel has no io_uring, or forbids it here")
    monkeypatch.setattr(crowd, "send_ring", lambda: ring)


@pytest.fixture
def people(monkeypatch, way):
    """Make sockets with their peers, whose server notes who ended."""
    monkeypatch.setattr(hub.clock, "after", lambda seconds, callback: None)
    monkeypatch.setattr(flush_scheduler.flush_scheduler, "add_all", lambda sockets: None)
    monkeypatch.setattr(flush_scheduler.flush_scheduler, "add", lambda socket: None)
    watched = epoll.Epoll(100, 1.0)
    watched._epoll = epoll._select.epoll()
    monkeypatch.setattr("chatsite.realtime.engineio.websocket.websocket_epoll", watched)
    peers = []

    def make(count):
        made = []
        for number in range(count):
            ours, theirs = sockets.socketpair()
            ours.setblocking(False)
            theirs.settimeout(2)
            peers.append(theirs)
            socket = EngineSocket(Ended(), f"sid{number}", "127.0.0.1")
            socket.websocket, socket.upgraded = WebSocket(ours, socket), True
            socket.session = SimpleNamespace(waiting=0)
            made.append(SimpleNamespace(channel=socket, peer=theirs))
        return made

    yield make
    for peer in peers:
        peer.close()


def push(people, text):
    crowd.push_all(people, frame(text))


def flush(people):
    crowd.flush_all([one.channel for one in people])


def test_each_gets_all_its_frames_in_order(people):
    made, dice = people(MANY), random.Random(14)
    expected = {one.channel: b"" for one in made}
    for turn in range(30):
        for text in (b"to all %d" % turn, b"a second time"):
            some = made if dice.random() < 0.5 else dice.sample(made, dice.randrange(1, MANY))
            push(some, text)
            for one in some:
                expected[one.channel] += frame(text)
        flush([one for one in made if one.channel.dirty])
        assert not any(one.channel.dirty or one.channel.outbox or one.channel.waiting for one in made)
    assert [read_all(one.peer, len(expected[one.channel])) for one in made] == list(expected.values())


def test_who_does_not_read_holds_nobody_up_and_loses_nothing(people):
    made = people(MANY)
    slow, *others = made
    text, sent = b"x" * 60_000, 0
    while not slow.channel.websocket.wanted & epoll.WRITE:
        push([slow], text)
        push(others, b"quick")
        flush(made)
        sent += 1
    assert slow.channel.dirty
    assert 0 < slow.channel.waiting < MAX_BUFFERED_BYTES
    push(made, b"last")
    # It isn't flushed before it is writable.
    flush(others)
    assert {read_all(one.peer, 7 * sent + 6) for one in others} == {frame(b"quick") * sent + frame(b"last")}
    expected = frame(text) * sent + frame(b"last")
    read = b""
    while len(read) < len(expected):
        read += read_all(slow.peer, min(100_000, len(expected) - len(read) - slow.channel.waiting))
        slow.channel.writable(slow.channel.websocket)
    assert read == expected
    assert not slow.channel.websocket.wanted & epoll.WRITE
    assert (slow.channel.dirty, slow.channel.waiting, slow.channel.outbox) == (False, 0, [])


def test_who_is_gone_ends_alone(people):
    made = people(MANY)
    made[3].peer.close()
    push(made, b"hello")
    flush(made)
    assert [one.channel.closed for one in made] == [number == 3 for number in range(MANY)]
    assert made[3].channel.server.ended_with == ["close"]
    assert {read_all(one.peer, 7) for one in made if one is not made[3]} == {frame(b"hello")}


def test_an_end_that_ends_others_sends_nothing_twice(people):
    made = people(MANY)
    made[0].peer.close()
    made[0].channel.server.ended = lambda socket, reason: made[5].channel.close()
    push(made, b"hello")
    flush(made)
    assert made[5].channel.closed
    assert read_all(made[5].peer, 100).startswith(frame(b"hello") + b"\x88")


def test_who_is_far_behind_is_left_to_push(people):
    [one] = people(1)
    one.channel.waiting = MAX_BUFFERED_BYTES
    push([one], b"too much")
    assert one.channel.closed


def test_a_channel_of_another_kind_is_pushed_to(people):
    pushed = []
    other = SimpleNamespace(channel=SimpleNamespace(push=pushed.append))
    [one] = people(1)
    push([other, one], b"both")
    assert pushed == [frame(b"both")]
    assert one.channel.outbox == [frame(b"both")]
