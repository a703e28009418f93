"""Processes that store events of one crowd tell each other of their batches; in other rooms nothing is told and awaited."""

import pytest

from chatsite.realtime.cluster import announcements, relay
from chatsite.realtime.cluster.announcements import (
    AWAITED_SECONDS,
    GATHER_SECONDS,
    MAX_TOLD,
    SHARED_SECONDS,
    Announcements,
)
from chatsite.realtime.cluster.bus import Bus
from chatsite.realtime.cluster.envelope import STORING, Envelope, Seal
from chatsite.realtime.cluster.relay import Relay
from chatsite.realtime.delivery import peers
from chatsite.realtime.scheduling.flush_scheduler import FlushScheduler


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(announcements, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def ours(clock):
    """`told` is what other processes were told. All rooms but "few" have a crowd."""
    told = []
    ours = Announcements(lambda *call: told.append(call), lambda slug: slug != "few")
    ours.told = told
    return ours


def test_a_room_that_nobody_else_writes_to_is_not_announced(ours):
    assert ours.gather({"a"}) == 0
    ours.begin({"a"})
    ours.end({"a"})
    assert (ours.told, ours.shared, ours.awaiting) == ([], False, False)


def test_who_wrote_to_the_room_a_moment_ago_is_told(ours, clock):
    ours.arrived("a", "early")
    clock[0] += 2 * SHARED_SECONDS
    ours.arrived("a", "late")
    assert not ours.shared
    assert ours.gather({"a", "b"}) == GATHER_SECONDS
    assert ours.told == [("late", "a")]
    assert ours.shared
    clock[0] += 2 * SHARED_SECONDS
    assert not ours.shared


def test_a_batch_is_announced_once(ours):
    ours.arrived("a", "other")
    for _ in range(2):
        assert ours.gather({"a"}) == GATHER_SECONDS
        ours.begin({"a"})
    assert len(ours.told) == 1
    ours.end({"a"})
    ours.begin({"a"})
    assert len(ours.told) == 2


def test_a_batch_that_never_began_keeps_no_later_one_from_being_announced(ours, clock):
    ours.arrived("a", "other")
    ours.gather({"a"})
    clock[0] += 2 * AWAITED_SECONDS
    ours.gather({"a"})
    assert len(ours.told) == 2


def test_a_few_do_not_wait_and_nobody_is_told_of_them(ours):
    ours.arrived("few", "other")
    ours.announced("few", "other")
    assert ours.gather({"few"}) == 0
    assert (ours.told, ours.awaiting) == ([], False)


def test_the_latest_of_many_are_told(ours):
    for number in range(MAX_TOLD + 2):
        ours.arrived("a", f"w{number}")
    ours.arrived("a", "w0")
    ours.begin({"a"})
    assert [worker for worker, _ in ours.told] == [*(f"w{n}" for n in range(3, MAX_TOLD + 2)), "w0"]


def test_an_announced_batch_is_awaited_until_it_comes(ours):
    ours.announced("a", "one")
    ours.announced("a", "other")
    ours.arrived("a", "one")
    assert ours.awaiting
    ours.arrived("b", "other")
    assert ours.awaiting
    ours.arrived("a", "other")
    assert not ours.awaiting


def test_a_batch_that_does_not_come_is_forgotten(ours, clock):
    ours.announced("a", "ended")
    clock[0] += 2 * AWAITED_SECONDS
    assert not ours.awaiting
    assert ours._awaited == {}


def test_no_room_is_remembered(ours, clock):
    for slug in "ab":
        ours.arrived(slug, "other")
        ours.gather({slug})
    ours.forget("a")
    clock[0] += 2 * SHARED_SECONDS
    ours.begin({"b"})
    assert (ours._received, ours._told) == ({}, {})


class Server:
    """What a bus is made with; it is never started."""


@pytest.fixture
def relays(monkeypatch, clock):
    """Two processes, as their relays; `sent` are the channels on which something was published."""
    monkeypatch.setattr(peers, "_handlers", {})
    monkeypatch.setattr(relay, "is_crowd", lambda slug: True)
    made, sent = [], []

    def publish(channel, data):
        sent.append(channel)
        for each in made:
            if f"t:{channel}" in each.bus._wanted:
                each.hear(channel, data)

    for _ in range(2):
        bus, scheduler = Bus(Server(), "t:"), FlushScheduler()
        bus.publish = publish
        monkeypatch.setattr(relay, "flush_scheduler", scheduler)
        made.append(Relay(bus, Seal("secret"), lambda slugs: None))
        made[-1].scheduler = scheduler
        made[-1].open_room("a")
    return made, sent


PACKET = b'42["chat-message",{"room":"a","seq":%d}]'


def test_two_processes_await_each_other_once_both_have_stored(relays):
    (one, other), sent = relays
    for seq, storing in ((1, one), (2, other)):
        storing.hold({"a"})
        storing.to_log("a", PACKET % seq, seq)
        storing.release({"a"})
    # The first knew of nobody; the second told it.
    assert sent == ["r:a", f"p:{one.bus.worker}", "r:a"]
    assert (one.scheduler.awaiting(), other.scheduler.awaiting()) == (False, False)
    assert one.gather({"a"}) == GATHER_SECONDS
    assert sent[3:] == [f"p:{other.bus.worker}"]
    assert (one.scheduler.awaiting(), other.scheduler.awaiting()) == (False, True)
    one.hold({"a"})
    one.to_log("a", PACKET % 3, 3)
    one.release({"a"})
    assert sent[4:] == ["r:a"]
    assert not other.scheduler.awaiting()
    assert (one.refused, other.refused) == (0, 0)


def test_an_announcement_on_another_channel_is_refused(relays):
    (one, other), _ = relays
    for number, channel in enumerate(("r:a", "u:5", "all"), 1):
        one.hear(channel, one.seal.close(channel, Envelope(STORING, other.bus.worker, 0, 0, b"a")))
        assert one.refused == number
    assert not one.scheduler.awaiting()
