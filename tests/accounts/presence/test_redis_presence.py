"""Presence over several processes, with a Redis that is a dictionary and a clock that waits for nobody."""

import pytest

from accounts.presence.redis_presence import LEASE_SECONDS, NOBODY, SILENCE_SECONDS, RedisPresence
from chatsite.realtime.delivery import delivery, peers


class Redis:
    """Sets by name; `left` are seconds of a lease that aren't as they should be; `up` is False while it is away."""

    def __init__(self):
        self.sets, self.left, self.up = {}, {}, True

    def smembers(self, name):
        if not self.up:
            raise ConnectionError
        return {str(member).encode() for member in self.sets.get(name, set())}

    def scard(self, name):
        return len(self.smembers(name))

    def ttl(self, name):
        return self.left.get(name, LEASE_SECONDS) if self.smembers(name) else -2

    def do(self, verb, name, *members):
        if not self.up:
            return
        kept = self.sets.setdefault(name, set())
        match verb:
            case "SADD":
                kept.update(members)
            case "SREM":
                kept.difference_update(members)
            case "DEL":
                kept.clear()
            case "EXPIRE":
                assert members == (LEASE_SECONDS,)
                self.left.pop(name, None)


class Site:
    prefix = "t:"

    def __init__(self, redis, worker):
        self.redis, self.worker = redis, worker

    @property
    def up(self):
        return self.redis.up

    def put(self, key, *words):
        self.redis.do(*words)

    def client(self, key):
        return self.redis


class Process(RedisPresence):
    """`told` is what it told its people of those in other processes."""

    def __init__(self, world, worker):
        self.told, self.moved_people, self.world = [], [], world
        super().__init__(
            Site(world.redis, worker),
            lambda user_id: self.told.append((user_id, True)),
            lambda user_id: self.told.append((user_id, False)),
            later=world.later,
            clock=lambda: world.now,
            moved=self.moved_people.append,
        )

    def leave(self, user_id, sid):
        gone = []
        self.disconnect(user_id, sid, gone.append)
        self.world.ring()
        return gone


class World:
    def __init__(self, monkeypatch):
        self.redis, self.now, self.timers, self.silent = Redis(), 1000.0, [], False
        self.one, self.other = Process(self, "one"), Process(self, "other")
        monkeypatch.setattr(delivery, "notify_processes", self.notify)

    def later(self, seconds, function, *arguments):
        timer = [function, arguments]
        self.timers.append(timer)

        class Cancel:
            def cancel(_self):
                timer[0] = lambda *arguments: None

        return Cancel()

    def ring(self):
        while self.timers:
            function, arguments = self.timers.pop(0)
            function(*arguments)

    def notify(self, word, worker, *parts):
        for process in (self.one, self.other):
            if process.site.worker != worker and not self.silent:
                (process._on_alive if word == "alive" else process._on_presence)(worker, *parts)

    def look(self, times=2):
        for _ in range(times):
            self.one.compare_leases(), self.other.compare_leases()


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(peers, "_handlers", {})
    return World(monkeypatch)


def test_who_comes_is_told_in_the_other_process_once(world):
    assert world.one.connect(7, "a") is True
    assert world.one.connect(7, "b") is False
    world.ring()
    assert world.other.told == [(7, True)]
    assert world.other.connect(7, "c") is False
    assert set(world.other.online()) == {7}
    assert world.one.told == []


def test_who_goes_is_told_when_the_last_is_gone(world):
    world.one.connect(7, "a"), world.other.connect(7, "b")
    world.ring()
    assert world.one.leave(7, "a") == []
    assert world.one.is_online(7)
    assert world.other.leave(7, "b") == [7]
    assert not world.one.is_online(7)
    assert world.one.told[-1] == (7, False)


def test_who_stays_online_in_more_or_fewer_processes_is_reported_too(world):
    """Whether they are away depends on their connections to each."""
    world.one.connect(7, "a"), world.ring()
    world.other.connect(7, "b"), world.ring()
    assert (world.one.moved_people, world.one.told) == ([7], [])
    world.other.leave(7, "b")
    assert (world.one.moved_people, world.one.told) == ([7, 7], [])


def test_a_word_that_was_lost_is_found_in_the_lease(world):
    world.silent = True
    world.one.connect(7, "a")
    world.one.renew(), world.ring()
    assert not world.other.is_online(7)
    world.silent = False
    world.look(1)
    # It may only be on its way.
    assert not world.other.is_online(7)
    world.look(1)
    assert world.other.told == [(7, True)]


def test_the_last_who_goes_while_redis_is_away_is_no_ghost(world):
    world.one.connect(7, "a")
    world.one.renew(), world.ring()
    world.redis.up, world.silent = False, True
    world.one.leave(7, "a")
    world.redis.sets.clear()
    world.redis.up, world.silent = True, False
    world.one.renew()
    world.look(4)
    assert world.other.told == [(7, True), (7, False)]
    assert not world.other.is_online(7)


def test_as_many_who_come_as_go_while_redis_is_away_are_told_apart(world):
    world.one.connect(7, "a")
    world.one.renew(), world.ring()
    world.redis.up, world.silent = False, True
    world.one.leave(7, "a"), world.one.connect(8, "b"), world.ring()
    world.redis.up, world.silent = True, False
    world.look(4)
    assert set(world.other.online()) == {8}
    assert world.redis.sets["t:here:one"] == {NOBODY, 8}


def test_a_process_that_is_gone_takes_its_people_along(world):
    world.one.connect(7, "a")
    world.one.renew(), world.ring()
    world.now += SILENCE_SECONDS
    world.redis.do("DEL", "t:here:one")
    world.other.watch()
    assert world.other.is_online(7)
    world.other.watch()
    assert world.other.told == [(7, True), (7, False)]


@pytest.mark.parametrize("left", [3600, -1])
def test_a_lease_ends_though_the_clock_was_set_back_or_its_end_was_never_said(world, left):
    world.one.connect(7, "a")
    world.ring()
    world.redis.left["t:here:one"] = left
    world.other.watch()
    assert world.redis.ttl("t:here:one") == LEASE_SECONDS
    assert world.other.is_online(7)


def test_a_redis_that_lost_the_leases_takes_nobody(world):
    world.one.connect(7, "a")
    world.ring()
    world.now += 60
    world.redis.sets.clear()
    world.one.renew()
    for _ in range(5):
        world.other.watch()
    assert world.other.is_online(7)
    world.look()
    assert world.redis.sets["t:here:one"] == {NOBODY, 7}


def test_while_redis_is_away_everything_stays_and_nobody_goes_at_once_after(world):
    world.one.connect(7, "a")
    world.ring()
    world.redis.up = False
    world.now += 60
    world.other.watch()
    world.redis.up = True
    world.redis.sets.clear()
    for _ in range(5):
        world.other.watch()
    assert world.other.is_online(7)
    world.now += SILENCE_SECONDS
    world.other.watch(), world.other.watch()
    assert not world.other.is_online(7)


def test_a_new_process_knows_who_is_here(world):
    world.one.connect(7, "a")
    world.one.renew(), world.ring()
    third = Process(world, "third")
    third.begin()
    assert third.is_online(7)
    assert third.told == []
    assert third.connect(7, "b") is False


def test_who_writes_nonsense_is_nobody(world):
    world.other._on_presence("one", ["7", None, 1.5, [], True], [])
    assert set(world.other.online()) == set()
