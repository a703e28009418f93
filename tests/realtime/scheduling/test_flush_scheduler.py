"""Who is written to in the end of a tick, and who a little later; with a hub that only remembers."""

import pytest

from chatsite.realtime.scheduling import flush_scheduler
from chatsite.realtime.scheduling.flush_scheduler import (
    REMOTE_ACTIVITY_SECONDS,
    SEND_INTERVAL_SECONDS,
    SMALL_CROWD,
    SOCKETS_PER_TURN,
    FlushScheduler,
)
from tests.support.fake_hub import Hub


class Sent:
    """Notes its name when it is flushed."""

    order = []

    def __init__(self, name, fails=False):
        self.name, self.fails, self.last_taken_at, self.size = name, fails, -60, 1

    def flush(self):
        self.order.append(self.name)
        if self.fails:
            raise RuntimeError("a bug")


@pytest.fixture
def hub(monkeypatch):
    hub = Hub()
    monkeypatch.setattr(flush_scheduler.hubs, "get_hub", lambda: hub)
    Sent.order = []
    return hub


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(flush_scheduler, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def crowd():
    """Who was sent something a moment ago."""
    crowd = [Sent(number) for number in range(SMALL_CROWD + 1)]
    for number, one in enumerate(crowd):
        one.last_taken_at = 99.995 + number * 0.0001
    return crowd


def add(to, sockets):
    for socket in sockets:
        to.add(socket)


def test_everyone_added_in_a_tick_is_flushed_once_in_its_end(hub):
    flush_scheduler = FlushScheduler()
    for name in "abc":
        flush_scheduler.add(Sent(name))
    assert Sent.order == []
    assert len(hub.timers) == 1
    hub.turn()
    assert Sent.order == ["a", "b", "c"]
    assert hub.timers == []


def test_a_room_of_thousands_does_not_delay_a_room_of_two(hub):
    flush_scheduler = FlushScheduler()
    for number in range(SOCKETS_PER_TURN * 3 + 1):
        flush_scheduler.add(Sent(number))
    hub.turn()
    assert len(Sent.order) == SOCKETS_PER_TURN
    flush_scheduler.add(Sent("one of two"))
    assert len(hub.timers) == 1
    hub.turn()
    assert Sent.order[SOCKETS_PER_TURN] == "one of two"
    while hub.timers:
        hub.turn()
    Sent.order.remove("one of two")
    assert Sent.order == list(range(SOCKETS_PER_TURN * 3 + 1))


def test_one_sockets_bug_does_not_take_the_others_turn(hub, caplog):
    flush_scheduler = FlushScheduler()
    flush_scheduler.add(Sent("bad", fails=True))
    flush_scheduler.add(Sent("good"))
    hub.turn()
    assert Sent.order == ["bad", "good"]
    assert "a bug" in caplog.text


@pytest.mark.parametrize("here", [True, False])
def test_a_crowd_waits_for_what_is_being_stored_and_is_written_to_once(hub, clock, crowd, here):
    busy = FlushScheduler()
    busy.storing = lambda: here
    if not here:
        busy.note_remote_event()
    quiet = Sent("not for a while")
    add(busy, [quiet, *crowd])
    hub.turn()
    assert Sent.order == ["not for a while"]
    assert hub.delays == [pytest.approx(SEND_INTERVAL_SECONDS - 0.005)]
    clock[0] += SEND_INTERVAL_SECONDS
    hub.turn(), hub.turn()
    assert Sent.order == ["not for a while", *range(SMALL_CROWD + 1)]
    assert hub.timers == []


def test_nobody_waits_where_nothing_is_to_come(hub, clock, crowd):
    calm = FlushScheduler()
    calm.note_remote_event()
    clock[0] += REMOTE_ACTIVITY_SECONDS
    for one in crowd:
        one.last_taken_at += REMOTE_ACTIVITY_SECONDS
    add(calm, crowd)
    hub.turn()
    assert Sent.order == list(range(SMALL_CROWD + 1))


def test_a_few_do_not_wait(hub, clock, crowd):
    busy = FlushScheduler()
    busy.storing = lambda: True
    add(busy, [*crowd[:SMALL_CROWD], *(Sent("quiet") for _ in range(SMALL_CROWD))])
    hub.turn()
    assert Sent.order == [*range(SMALL_CROWD), *["quiet"] * SMALL_CROWD]


def test_who_is_put_off_twice_is_written_to_in_time(hub, clock, crowd):
    """Others come while the first wait: nobody waits longer for them."""
    busy = FlushScheduler()
    busy.storing = lambda: True
    add(busy, crowd)
    hub.turn()
    clock[0] += 0.002
    more = [Sent("more") for _ in range(SMALL_CROWD + 1)]
    for one in more:
        one.last_taken_at = clock[0]
    add(busy, more)
    in_the_end = hub.timers.pop()
    in_the_end()
    assert Sent.order == []
    assert hub.delays[0] == pytest.approx(SEND_INTERVAL_SECONDS - 0.005)
    hub.turn(), hub.turn()
    assert Sent.order == [*range(SMALL_CROWD + 1), *["more"] * (SMALL_CROWD + 1)]


@pytest.fixture
def sharing(hub, clock):
    """Shares a crowd with another process. `more` says whether something is being stored here, and there."""
    sharing, sharing.more = FlushScheduler(), {"here": False, "there": False}
    sharing.shared = lambda: True
    sharing.storing, sharing.awaiting = lambda: sharing.more["here"], lambda: sharing.more["there"]
    return sharing


@pytest.fixture
def rested():
    """A crowd that wasn't sent anything for long."""
    return [Sent(number) for number in range(SMALL_CROWD + 1)]


@pytest.mark.parametrize("where", ["here", "there"])
def test_a_shared_crowd_is_written_to_once_all_is_stored(hub, clock, sharing, rested, where):
    sharing.more[where] = True
    add(sharing, rested)
    hub.turn()
    sharing.settle()
    hub.timers.pop()()
    assert Sent.order == []
    sharing.more[where] = False
    sharing.settle(), sharing.settle()
    assert len(hub.timers) == 2
    hub.timers.pop()(), hub.timers.pop()()
    assert Sent.order == list(range(SMALL_CROWD + 1))


def test_a_shared_crowd_waits_for_a_moment_at_most(hub, clock, sharing, rested):
    sharing.more["there"] = True
    add(sharing, rested)
    hub.turn()
    assert hub.delays == [SEND_INTERVAL_SECONDS]
    hub.turn(), hub.turn()
    assert Sent.order == list(range(SMALL_CROWD + 1))


def test_a_moment_that_is_over_ends_no_later_one(hub, clock, sharing, rested):
    sharing.more["there"] = True
    add(sharing, rested)
    hub.turn()
    [over] = hub.timers
    hub.timers.clear()
    sharing.more["there"] = False
    sharing.settle()
    hub.turn(), hub.turn()
    sharing.more["there"] = True
    add(sharing, rested)
    hub.turn()
    over()
    assert len(Sent.order) == SMALL_CROWD + 1
    assert len(hub.timers) == 1


def test_a_shared_crowd_is_written_to_at_once_where_nothing_is_to_come(hub, clock, sharing, crowd):
    sharing.note_remote_event()
    add(sharing, crowd)
    hub.turn()
    assert Sent.order == list(range(SMALL_CROWD + 1))


def test_what_has_come_ends_no_deferral_of_a_process_of_its_own(hub, clock, crowd):
    busy = FlushScheduler()
    busy.storing = lambda: True
    add(busy, crowd)
    hub.turn()
    busy.storing = lambda: False
    busy.settle()
    assert len(hub.timers) == 1
