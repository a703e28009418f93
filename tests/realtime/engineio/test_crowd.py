"""Many sockets in one pass: each gets what it would get by itself, with io_uring and without."""

import os
import random
import socket as sockets
from types import SimpleNamespace

import pytest

from chatsite.realtime.engineio import crowd
from chatsite.realtime.engineio.engine_session import MAX_BUFFERED_BYTES, EngineSocket
from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.protocol.frames import frame
from chatsite.realtime.scheduling import epoll, flush_scheduler
from tests.realtime.engineio.test_slow_readers import Ended
from tests.realtime.scheduling.test_send_ring import read_all

MANY = crowd.RING_FROM + 4


@pytest.fixture
def people(monkeypatch, way, watched):
    """Make sockets with their peers, whose server notes who ended."""
    monkeypatch.setattr(flush_scheduler.flush_scheduler, "add_all", lambda sockets: None)
    monkeypatch.setattr(flush_scheduler.flush_scheduler, "add", lambda socket: None)
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
    for one in people:
        one.channel.push(frame(text))


def flush(people):
    crowd.flush_all([one.channel for one in people])


def assert_nothing_came(peer):
    """A send on this machine is there when it returns."""
    peer.setblocking(False)
    with pytest.raises(BlockingIOError):
        peer.recv(1)


def gather(people):
    """Make a crowd of them, in step."""
    made = crowd.Crowd()
    for one in people:
        made.add(one.channel, one.channel.websocket)
    return made


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


def test_a_socket_that_is_named_twice_is_sent_its_frames_once(people):
    [one] = people(1)
    push([one], b"once")
    flush([one, one])
    push([one], b"again")
    flush([one])
    assert read_all(one.peer, 13) == frame(b"once") + frame(b"again")


def test_what_an_end_queues_for_others_of_the_next_call_is_sent_too(people, monkeypatch):
    monkeypatch.setattr(crowd, "ENTRIES", MANY)
    made = people(2 * MANY)
    made[0].peer.close()
    made[0].channel.server.ended = lambda socket, reason: push(made[MANY:], b"she is gone")
    push(made, b"hello")
    flush(made)
    assert {read_all(one.peer, 20) for one in made[MANY:]} == {frame(b"hello") + frame(b"she is gone")}


def test_a_crowd_queues_a_frame_once_and_sends_it_to_all(people):
    made = people(MANY)
    together = gather(made)
    for text in (b"one", b"two"):
        together.push(frame(text))
    assert not any(one.channel.outbox or one.channel.dirty for one in made)
    assert together.size == MANY
    together.flush()
    together.flush()
    together.push(frame(b"three"))
    together.flush()
    expected = frame(b"one") + frame(b"two") + frame(b"three")
    assert {read_all(one.peer, len(expected)) for one in made} == {expected}


def test_who_gets_something_of_their_own_gets_all_in_order_and_falls_in_again(people):
    made = people(MANY)
    together = gather(made)
    together.push(frame(b"before"))
    push(made[:1], b"ack")
    made[1].channel.piggyback(frame(b"by the way"))
    made[2].channel.ping()
    together.push(frame(b"after"))
    assert together.size == MANY - 3
    together.flush()
    flush(made)
    between = [b"ack", b"by the way", b"2"]
    for one, text in zip(made, [*between, *[None] * (MANY - 3)], strict=True):
        own = frame(text) if text else b""
        expected = frame(b"before") + own + frame(b"after")
        assert read_all(one.peer, len(expected)) == expected
    together.push(frame(b"in step"))
    assert together.size == MANY


def test_who_is_left_out_gets_nothing_of_it_and_what_was_before(people):
    made = people(MANY)
    together = gather(made)
    together.push(frame(b"before"))
    together.push(frame(b"typing"), skip={made[0].channel})
    together.flush()
    flush(made)
    assert read_all(made[0].peer, len(frame(b"before"))) == frame(b"before")
    assert_nothing_came(made[0].peer)
    expected = frame(b"before") + frame(b"typing")
    assert {read_all(one.peer, len(expected)) for one in made[1:]} == {expected}


def test_who_leaves_gets_what_waits_and_no_more(people):
    made = people(MANY)
    together = gather(made)
    together.push(frame(b"before"))
    together.drop(made[0].channel)
    together.push(frame(b"after"))
    together.flush()
    flush(made)
    assert read_all(made[0].peer, len(frame(b"before"))) == frame(b"before")
    assert_nothing_came(made[0].peer)
    assert {read_all(one.peer, 14) for one in made[1:]} == {(frame(b"before") + frame(b"after"))[:14]}


def test_who_closes_gets_what_waits_and_a_close(people):
    made = people(MANY)
    together = gather(made)
    together.push(frame(b"last words"))
    made[0].channel.close()
    assert read_all(made[0].peer, 100).startswith(frame(b"last words") + b"\x88")
    together.flush()
    assert together.size == MANY - 1


@pytest.mark.parametrize("end", ["close", "reset", "finish"])
def test_a_descriptor_that_is_closed_is_never_written_to_again(people, end):
    """The kernel gives its number to the next who comes."""
    made = people(MANY)
    together = gather(made)
    together.push(frame(b"for all of us"))
    together.flush()
    together.push(frame(b"our secret"))
    gone = made[0].channel.websocket
    number = gone.raw.fileno()
    # Made before the number is free: otherwise it may be that of the stranger's peer.
    stranger, theirs = sockets.socketpair()
    given = stranger.detach()
    getattr(gone, end)()
    if end == "finish":
        gone.close()
    os.dup2(given, number)
    together.push(frame(b"our secret"))
    together.flush()
    assert_nothing_came(theirs)
    theirs.close()
    for descriptor in {given, number}:
        os.close(descriptor)


def test_a_crowd_that_does_not_read_is_bounded_each_for_itself(people):
    made = people(MANY)
    together = gather(made)
    for _ in range(40):
        together.push(frame(b"x" * 60_000))
        assert together.waiting <= crowd.LARGE_BYTES
    assert all(one.channel.closed for one in made)


def test_one_of_a_crowd_who_does_not_read_falls_behind_alone(people):
    made = people(MANY)
    slow, *others = made
    together, text, sent = gather(made), b"x" * 60_000, 0
    while not slow.channel.websocket.wanted & epoll.WRITE:
        together.push(frame(text))
        together.flush()
        for one in others:
            read_all(one.peer, len(frame(text)))
        sent += 1
    together.push(frame(b"last"))
    assert together.size == MANY - 1
    together.flush()
    assert {read_all(one.peer, 6) for one in others} == {frame(b"last")}
    expected = frame(text) * sent + frame(b"last")
    read = b""
    while len(read) < len(expected):
        read += read_all(slow.peer, min(100_000, len(expected) - len(read) - slow.channel.waiting))
        slow.channel.writable(slow.channel.websocket)
    assert read == expected
    together.push(frame(b"in step"))
    assert together.size == MANY
