"""Sends of many sockets by one system call: what each took, and what is left where something fails."""

import errno
import os
import socket as sockets

import pytest

from chatsite.realtime.scheduling import send_ring
from chatsite.realtime.scheduling.send_ring import ENTRIES, SendRing


@pytest.fixture
def ring():
    ring = SendRing.open()
    if ring is None:
        pytest.skip("the kernel has no io_uring, or forbids it here")
    return ring


@pytest.fixture
def pairs():
    made = []

    def make(count):
        made.extend(sockets.socketpair() for _ in range(count))
        for ours, theirs in made:
            ours.setblocking(False)
            theirs.settimeout(2)
        return made[-count:]

    yield make
    for pair in made:
        for one in pair:
            one.close()


def read_all(one, size):
    data = b""
    while len(data) < size and (more := one.recv(size - len(data))):
        data += more
    return data


def test_everyone_gets_their_own_bytes_in_order_however_often_the_rings_go_round(ring, pairs):
    made = pairs(100)
    said = [b"".join(b"%d.%d;" % (number, turn) for turn in range(50)) for number in range(100)]
    for turn in range(50):
        sends = [(ours.fileno(), b"%d.%d;" % (number, turn)) for number, (ours, _) in enumerate(made)]
        assert ring.send_all(sends) == [len(data) for _, data in sends]
    assert [read_all(theirs, len(data)) for (_, theirs), data in zip(made, said, strict=True)] == said


def test_a_whole_call_of_one_frame(ring, pairs):
    made = pairs(4)
    assert ring.send_all([(ours.fileno(), b"same") for ours, _ in made] * (ENTRIES // 4)) == [4] * ENTRIES
    assert {read_all(theirs, ENTRIES) for _, theirs in made} == {b"same" * (ENTRIES // 4)}


def test_who_does_not_read_takes_a_part_and_then_nothing_and_nobody_waits(ring, pairs):
    (full, slow), (other, reader) = pairs(2)
    large = os.urandom(4_000_000)
    part, whole = ring.send_all([(full.fileno(), large), (other.fileno(), b"meanwhile")])
    assert 0 < part < len(large)
    assert whole == 9
    assert ring.send_all([(full.fileno(), b"more")]) == [-errno.EAGAIN]
    assert reader.recv(9) == b"meanwhile"
    assert read_all(slow, part) == large[:part]


def test_each_failure_is_its_own(ring, pairs):
    (gone, theirs), (closed, _), (good, reader) = pairs(3)
    theirs.close()
    number = closed.fileno()
    closed.close()
    results = ring.send_all([(gone.fileno(), b"a"), (number, b"b"), (good.fileno(), b"c")])
    assert results == [-errno.EPIPE, -errno.EBADF, 1]
    assert reader.recv(1) == b"c"


def test_a_kernel_without_it_gives_no_ring(monkeypatch, caplog):
    caplog.set_level("INFO", "chatsite.realtime")

    def forbidden(*arguments):
        raise OSError(errno.EPERM, "io_uring")

    monkeypatch.setattr(send_ring, "call", forbidden)
    assert SendRing.open() is None
    assert "one by one" in caplog.text


def test_a_call_that_fails_sends_nothing_and_is_the_last(ring, pairs, monkeypatch, caplog):
    [(ours, theirs)] = pairs(1)
    real = send_ring.call
    monkeypatch.setattr(send_ring, "call", lambda number, *rest: real(number, -1, *rest[1:]))
    assert ring.send_all([(ours.fileno(), b"lost?")] * 3) == [-errno.EAGAIN] * 3
    assert not ring.works
    assert "one by one" in caplog.text
    monkeypatch.undo()
    # Nothing of it is sent later.
    assert ring.send_all([(ours.fileno(), b"next")]) == [4]
    assert theirs.recv(100) == b"next"
