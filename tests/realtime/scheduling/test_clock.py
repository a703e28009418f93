"""Deadlines; with a hub that only remembers."""

import pytest

from chatsite.realtime.scheduling import hub as loop
from chatsite.realtime.scheduling.hub import Clock
from tests.support.fake_hub import Hub


@pytest.fixture
def hub(monkeypatch):
    hub = Hub()
    monkeypatch.setattr(loop.hubs, "get_hub", lambda: hub)
    return hub


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
