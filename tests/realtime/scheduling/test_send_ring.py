"""Sends of many sockets by one system call: what each took, and what is left where something fails."""

import errno
import os
import socket as sockets

import pytest

from chatsite.realtime.scheduling import send_ring
from chatsite.realtime.scheduling.send_ring import (
    ENTRIES,
    Addressees,
    SendRing,
    records,
    results,
)


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


def send_all(ring, sends):
    """Send each pair's bytes to its socket; return what the kernel took of each, None where it didn't come to it."""
    taken = results(ring.send(b"".join(records(ours.fileno(), data)[0] for ours, data in sends)))
    return [taken.get(ours.fileno()) for ours, _ in sends]


def test_everyone_gets_their_own_bytes_in_order_however_often_the_rings_go_round(ring, pairs):
    made = pairs(100)
    said = [b"".join(b"%d.%d;" % (number, turn) for turn in range(50)) for number in range(100)]
    for turn in range(50):
        sends = [(ours, b"%d.%d;" % (number, turn)) for number, (ours, _) in enumerate(made)]
        assert send_all(ring, sends) == [len(data) for _, data in sends]
    assert [read_all(theirs, len(data)) for (_, theirs), data in zip(made, said, strict=True)] == said


def test_many_are_sent_the_same_and_answered_for_in_order_however_often_the_rings_go_round(ring, pairs):
    made = pairs(100)
    everybody = Addressees([ours.fileno() for ours, _ in made])
    for turn in range(50):
        data = b"%d;" % turn * (turn + 1)
        requests, expected = everybody.records(data)
        assert ring.send(requests) == expected
        assert {read_all(theirs, len(data)) for _, theirs in made} == {data}


def test_addressees_are_requests_one_by_one():
    for count in (0, 1, 2, 7):
        descriptors, data = list(range(40, 40 + count)), b"same"
        alone = [records(each, data) for each in descriptors]
        assert Addressees(descriptors).records(data) == (
            b"".join(request for request, _ in alone),
            b"".join(completion for _, completion in alone),
        )


def test_a_whole_call_of_one_frame(ring, pairs):
    made = pairs(4)
    numbers = [ours.fileno() for ours, _ in made] * (ENTRIES // 4)
    answer = ring.send(b"".join(records(number, b"same")[0] for number in numbers))
    assert answer == b"".join(records(number, b"same")[1] for number in numbers)
    assert {read_all(theirs, ENTRIES) for _, theirs in made} == {b"same" * (ENTRIES // 4)}


def test_who_does_not_read_takes_a_part_and_then_nothing_and_nobody_waits(ring, pairs):
    (full, slow), (other, reader) = pairs(2)
    large = os.urandom(4_000_000)
    part, whole = send_all(ring, [(full, large), (other, b"meanwhile")])
    assert 0 < part < len(large)
    assert whole == 9
    assert send_all(ring, [(full, b"more")]) == [-errno.EAGAIN]
    assert reader.recv(9) == b"meanwhile"
    assert read_all(slow, part) == large[:part]


def test_each_failure_is_its_own(ring, pairs):
    (gone, theirs), (closed, _), (good, reader) = pairs(3)
    theirs.close()
    number = closed.fileno()
    closed.close()
    sent = [records(gone.fileno(), b"a"), records(number, b"b"), records(good.fileno(), b"c")]
    taken = results(ring.send(b"".join(request for request, _ in sent)))
    assert taken == {gone.fileno(): -errno.EPIPE, number: -errno.EBADF, good.fileno(): 1}
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
    assert ring.send(records(ours.fileno(), b"lost?")[0] * 3) == b""
    assert not ring.works
    assert "one by one" in caplog.text
    monkeypatch.undo()
    # Nothing of it is sent later.
    assert send_all(ring, [(ours, b"next")]) == [4]
    assert theirs.recv(100) == b"next"
