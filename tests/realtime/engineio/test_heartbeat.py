"""The rounds in which sockets are pinged, with a clock that is the test's."""

from itertools import pairwise
from types import SimpleNamespace

import pytest

from chatsite.realtime.engineio import heartbeat
from chatsite.realtime.engineio.engine_session import EngineSocket
from chatsite.realtime.engineio.heartbeat import HeartbeatSchedule
from chatsite.realtime.protocol.frames import TEXT, Message, parse_text_frame
from chatsite.realtime.scheduling.hub import TICK_SECONDS
from tests.support.clients.raw_clients import masked


class Server:
    class reason:
        PING_TIMEOUT = "ping timeout"


class Silent(EngineSocket):
    """Notes when it was pinged and when it was given up; answers where `answers`."""

    def __init__(self, time, answers=True):
        super().__init__(Server, "sid", "127.0.0.1")
        self.time, self.answers, self.pings, self.gone = time, answers, [], None

    def send(self, frame):
        self.pings.append(self.time.now)

    def close(self, wait=True, abort=False, reason=None):
        self.closed, self.gone = True, self.time.now

    def answer(self):
        if self.answers and self.pinged_in_tick:
            self.heard_since_ping = True
            self.ponged()


class Time:
    """`pass_` lets the clock tick; what was asked for `after` runs in the next tick, a little late."""

    def __init__(self):
        self.now, self.waiting, self.sockets = 1000.0, [], []

    def after(self, seconds, callback):
        assert seconds == 0
        self.waiting.append(callback)

    def pass_(self, seconds, step=TICK_SECONDS + 0.003):
        end = self.now + seconds
        while self.now < end:
            self.pause(step)
            for socket in self.sockets:
                socket.answer()

    def pause(self, seconds):
        """One tick, so late. Nothing was read before it."""
        self.now += seconds
        waiting, self.waiting = self.waiting, []
        for callback in waiting:
            callback()


@pytest.fixture
def time(monkeypatch):
    time = Time()
    monkeypatch.setattr(heartbeat, "monotonic", lambda: time.now)
    monkeypatch.setattr(heartbeat.clock, "after", time.after)
    return time


@pytest.fixture
def rounds(time):
    rounds = HeartbeatSchedule(8, 6)
    rounds.start()
    return rounds


def add(rounds, time, count=1, **options):
    sockets = [Silent(time, **options) for _ in range(count)]
    for socket in sockets:
        rounds.add(socket)
    time.sockets += sockets
    return sockets


def test_each_is_pinged_once_an_interval_and_first_within_one(rounds, time):
    time.pass_(3)
    (socket,) = add(rounds, time)
    began = time.now
    time.pass_(80)
    first, *others = socket.pings
    assert 5 < first - began <= 8.3
    assert len(others) in (9, 10)
    gaps = [later - sooner for sooner, later in zip(socket.pings, others, strict=False)]
    assert all(7.7 <= gap <= 8.3 for gap in gaps)


def test_who_does_not_answer_is_given_up_when_the_time_is_over(rounds, time):
    silent, lively = add(rounds, time, answers=False)[0], add(rounds, time)[0]
    time.pass_(30)
    assert 5.7 <= silent.gone - silent.pings[0] <= 6.3
    assert len(silent.pings) == 1
    assert lively.gone is None


def test_a_crowd_that_comes_at_once_is_not_pinged_at_once(rounds, time):
    sockets = add(rounds, time, 1000)
    time.pass_(9)
    moments = [socket.pings[0] for socket in sockets]
    assert max(moments.count(moment) for moment in set(moments)) <= 100


def test_who_is_heard_lives_on_and_is_pinged_again(rounds, time):
    """Its pong waits behind what it sends: it would take the missing pings for our end."""
    (busy,) = add(rounds, time, answers=False)
    time.pass_(8.3)
    for _ in range(10):
        busy.heard_since_ping = True
        time.pass_(4)
    assert busy.gone is None
    assert len(busy.pings) >= 5
    gone_quiet = time.now - 4
    time.pass_(20)
    assert 6 <= busy.gone - gone_quiet <= 14.5, "with presence's 3 s it is within the 20 s of G6"


def test_after_a_long_pause_all_get_their_time_to_answer(rounds, time):
    """A machine that slept must not cut everyone whose answer lies unread."""
    sockets = add(rounds, time, 50)
    time.pass_(20)
    for socket in sockets:
        socket.answers = False
    time.pass_(2)
    time.now += 600
    for callback in time.waiting[:]:
        time.waiting.remove(callback)
        callback()
    assert all(socket.gone is None for socket in sockets)
    for socket in sockets:
        socket.answers = True
    time.pass_(30)
    assert all(socket.gone is None for socket in sockets)


def gaps(socket):
    return [later - sooner for sooner, later in pairwise(socket.pings)]


def test_after_a_pause_few_have_waited_longer_for_a_ping_than_clients_do(rounds, time):
    """They leave when 8 and 6 seconds have passed without one. Of a pause of 6.5 s it is those of its first half second."""
    sockets = []
    for _ in range(3):
        sockets += add(rounds, time, 100)
        time.pass_(8 / 3)
    time.pass_(20)
    time.pause(6.5)
    time.pass_(30)
    longest = [max(gaps(socket)) for socket in sockets]
    assert sum(gap > 14 for gap in longest) < 45
    assert max(longest) < 15
    assert all(socket.gone is None for socket in sockets)


def test_a_process_that_is_always_late_pings_in_time_and_ends_who_is_silent(rounds, time):
    sockets = add(rounds, time, 200)
    (silent,) = add(rounds, time, answers=False)
    time.pass_(120, step=1.5)
    assert max(gap for socket in sockets for gap in gaps(socket)) < 14
    assert all(socket.gone is None for socket in sockets)
    assert silent.gone - silent.pings[0] < 60


def test_what_came_during_a_pause_is_read_before_anybody_is_judged(rounds, time):
    """Their pongs lie unread when the time to answer is over."""
    sockets = add(rounds, time, 200)
    time.pass_(20)
    time.sockets = []
    time.pass_(5)
    time.pause(4)
    time.pass_(1)
    assert all(socket.gone is None for socket in sockets)
    time.sockets = sockets
    time.pass_(30)
    assert all(socket.gone is None for socket in sockets)


def test_after_a_pause_thousands_are_pinged_in_slices(rounds, time, monkeypatch):
    turns = []
    hub = SimpleNamespace(schedule_call_global=lambda seconds, callback: turns.append(callback))
    monkeypatch.setattr(heartbeat, "hubs", SimpleNamespace(get_hub=lambda: hub))
    monkeypatch.setattr(heartbeat, "PINGS_PER_TURN", 50)
    sockets = add(rounds, time, 320)
    time.pass_(20)
    assert turns == []
    before = sum(len(socket.pings) for socket in sockets)
    time.pause(8)
    asked = [sum(len(socket.pings) for socket in sockets) - before]
    while turns:
        turns.pop()()
        asked.append(sum(len(socket.pings) for socket in sockets) - before)
    assert len(asked) > 4
    assert max(later - sooner for sooner, later in pairwise(asked)) < 100
    assert asked[-1] == 320


def test_who_is_gone_is_not_kept(rounds, time):
    sockets = add(rounds, time, 10)
    time.pass_(9)
    for socket in sockets:
        socket.close()
    time.pass_(9)
    assert not any(rounds._slots)


def test_one_that_fails_does_not_take_the_others_turn(rounds, time, caplog):
    bad, good = add(rounds, time, 2)
    bad.send = None
    rounds._slots[:] = [[bad, good]] + [[] for _ in rounds._slots[1:]]
    time.pass_(9)
    assert good.pings
    assert "failed" in caplog.text


def test_one_pong_for_each_ping_costs_its_sender_nothing_and_any_other_does():
    counted = []
    socket = EngineSocket(Server, "sid", "127.0.0.1")
    socket.session = SimpleNamespace(count=counted.append)
    pong, _ = parse_text_frame(masked(b"3"))
    for _ in range(2):
        socket.message(None, pong)
    assert counted == [1, 1], "nobody asked for them"
    for _ in range(2):
        socket.ping(1)
        assert socket.pinged_in_tick
        for _ in range(3):
            socket.message(None, pong)
        assert not socket.pinged_in_tick
    assert counted == [1, 1] + [1] * 4
    socket.ping(1)
    socket.message(None, Message(TEXT, b"3", "3"))
    assert len(counted) == 7, "one that came among other frames"
    assert not socket.pinged_in_tick
