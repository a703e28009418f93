"""The end of a tick, and deadlines; with a hub that only remembers."""

import pytest

from chatsite.realtime import loop
from chatsite.realtime.loop import SLICE, Clock, Outgoing


class Hub:
    def __init__(self):
        self.timers = []

    def schedule_call_global(self, seconds, callback):
        self.timers.append(callback)

    def turn(self):
        timers, self.timers = self.timers, []
        for callback in timers:
            callback()


class Sent:
    """Notes its name when it is flushed."""

    order = []

    def __init__(self, name, fails=False):
        self.name, self.fails = name, fails

    def flush(self):
        self.order.append(self.name)
        if self.fails:
            raise RuntimeError("a bug")


@pytest.fixture
def hub(monkeypatch):
    hub = Hub()
    monkeypatch.setattr(loop.hubs, "get_hub", lambda: hub)
    Sent.order = []
    return hub


def test_everyone_added_in_a_tick_is_flushed_once_in_its_end(hub):
    outgoing = Outgoing()
    for name in "abc":
        outgoing.add(Sent(name))
    assert Sent.order == []
    assert len(hub.timers) == 1
    hub.turn()
    assert Sent.order == ["a", "b", "c"]
    assert hub.timers == []


def test_a_room_of_thousands_does_not_delay_a_room_of_two(hub):
    outgoing = Outgoing()
    for number in range(SLICE * 3 + 1):
        outgoing.add(Sent(number))
    hub.turn()
    assert len(Sent.order) == SLICE
    outgoing.add(Sent("one of two"))
    assert len(hub.timers) == 1
    hub.turn()
    assert Sent.order[SLICE] == "one of two"
    while hub.timers:
        hub.turn()
    Sent.order.remove("one of two")
    assert Sent.order == list(range(SLICE * 3 + 1))


def test_one_sockets_bug_does_not_take_the_others_turn(hub, caplog):
    outgoing = Outgoing()
    outgoing.add(Sent("bad", fails=True))
    outgoing.add(Sent("good"))
    hub.turn()
    assert Sent.order == ["bad", "good"]
    assert "a bug" in caplog.text


def test_deadlines_come_in_time_and_in_order_and_a_failing_one_is_survived(hub, monkeypatch, caplog):
    now, seen, clock = [0.0], [], Clock()
    monkeypatch.setattr(loop, "monotonic", lambda: now[0])

    def failing():
        raise RuntimeError("a bug")

    clock.start()
    clock.start()
    clock.after(5, lambda: seen.append("late"))
    clock.after(1, failing)
    clock.after(1, lambda: seen.append("early"))
    assert len(hub.timers) == 1
    now[0] = 0.9
    hub.turn()
    assert seen == []
    now[0] = 1.1
    hub.turn()
    assert seen == ["early"]
    now[0] = 60
    hub.turn()
    assert seen == ["early", "late"]
    clock.stop()
    hub.turn()
    assert hub.timers == []
