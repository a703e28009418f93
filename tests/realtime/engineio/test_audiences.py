"""A room's audience: whatever people do, each gets what is said in their rooms and to them, once and in order."""

import random
import socket as sockets
from types import SimpleNamespace

import pytest

from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.engineio import audiences, crowd
from chatsite.realtime.engineio.audiences import Audiences
from chatsite.realtime.engineio.engine_session import EngineSocket
from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.protocol.frames import frame
from chatsite.realtime.scheduling import flush_scheduler
from tests.realtime.engineio.test_slow_readers import Ended
from tests.support.fake_hub import Hub

ROOMS = ["one", "two"]


@pytest.fixture
def turn(monkeypatch, way, watched):
    """Do what is due at the end of the loop's turn."""
    timers = Hub()
    monkeypatch.setattr(flush_scheduler.hubs, "get_hub", lambda: timers)
    monkeypatch.setattr(flush_scheduler.flush_scheduler, "flush_all", crowd.flush_all)
    monkeypatch.setattr(subscriptions, "pushing", Audiences())

    def end():
        while timers.timers:
            timers.turn()

    return end


class Person:
    """A connection with its browser's end: `expected` is what is said to it, in order."""

    def __init__(self, number, polls=False):
        ours, self.peer = sockets.socketpair()
        ours.setblocking(False)
        self.peer.setblocking(False)
        self.raw, self.expected, self.closed = ours, b"", False
        self.socket = EngineSocket(Ended(), f"sid{number}", "127.0.0.1")
        self.socket.session = SimpleNamespace(waiting=0)
        self.connection = Connection(
            f"sid{number}", SimpleNamespace(user_id=number, username=f"p{number}"), self.socket
        )
        self.socket.server.ended = lambda socket, reason: subscriptions.detach(self.connection)
        subscriptions.attach(self.connection)
        if not polls:
            self.upgrade()

    def upgrade(self):
        if self.socket.websocket is None:
            self.socket.upgrade(WebSocket(self.raw, self.socket))

    def tell(self, text):
        self.socket.push(frame(text))
        self.expected += frame(text)

    def close(self):
        subscriptions.detach(self.connection)
        self.socket.close()
        self.closed = True

    @property
    def heard(self):
        data = b""
        try:
            while more := self.peer.recv(1 << 20):
                data += more
        except BlockingIOError:
            pass
        return data

    def end(self):
        for one in (self.raw, self.peer):
            one.close()


@pytest.fixture
def people(turn):
    made = []

    def make(count, **options):
        made.extend(Person(len(made) + 1, **options) for _ in range(count))
        return made[-count:]

    yield make
    for person in made:
        if not person.closed:
            person.close()
        person.end()


def join(person, slug):
    subscriptions.subscribe(person.connection, slug)


def inside(people, slug):
    return [one for one in people if not one.closed and slug in one.connection.rooms]


def say(people, slug, text, skip=()):
    subscriptions.push_to_room(slug, frame(text), [one.connection for one in skip])
    for one in inside(people, slug):
        if one not in skip:
            one.expected += frame(text)


@pytest.mark.parametrize("seed", range(12))
def test_each_gets_what_is_theirs_once_and_in_order(people, turn, seed):
    dice = random.Random(seed)
    made = people(25) + people(3, polls=True)

    def one():
        return dice.choice([each for each in made if not each.closed])

    acts = {
        "say": lambda n: say(made, dice.choice(ROOMS), b"said %d" % n),
        "type": lambda n: say(made, dice.choice(ROOMS), b"types %d" % n, skip=[one()]),
        "tell": lambda n: one().tell(b"told %d" % n),
        "join": lambda n: join(one(), dice.choice(ROOMS)),
        "leave": lambda n: subscriptions.unsubscribe(one().connection, dice.choice(ROOMS)),
        "upgrade": lambda n: one().upgrade(),
        "come": lambda n: made.extend(people(1)),
        "go": lambda n: len(inside(made, "one")) > 5 and one().close(),
        "turn": lambda n: turn(),
    }
    weights = [8, 2, 4, 5, 2, 1, 1, 1, 5]
    for person in made:
        join(person, ROOMS[0])
    for number in range(300):
        acts[dice.choices(list(acts), weights)[0]](number)
    for person in made:
        person.upgrade()
    turn()
    for person in made:
        heard = person.heard
        assert heard.startswith(person.expected)
        assert person.closed or heard == person.expected


def gathered(people, count):
    """So many people in one room."""
    made = people(count)
    for person in made:
        join(person, "one")
    return made


def test_a_room_of_thousands_has_crowds_that_one_turn_can_send_to(people, turn, monkeypatch):
    monkeypatch.setattr(audiences, "SOCKETS_PER_TURN", 10)
    made = gathered(people, 35)
    say(made, "one", b"hello")
    sizes = [len(each.members) for each in subscriptions.pushing._by_room["one"].crowds]
    assert sizes == [10, 10, 10, 5]
    turn()
    assert {person.heard for person in made} == {frame(b"hello")}


def test_however_many_come_and_go_there_are_no_more_crowds(people, turn, monkeypatch):
    monkeypatch.setattr(audiences, "SOCKETS_PER_TURN", 5)
    made = gathered(people, 12)
    say(made, "one", b"0")
    for number in range(1, 40):
        who = made[number % len(made)]
        subscriptions.unsubscribe(who.connection, "one")
        join(who, "one")
        say(made, "one", b"%d" % number)
        turn()
    crowds = subscriptions.pushing._by_room["one"].crowds
    assert len(crowds) == 3
    assert sum(len(crowd.members) for crowd in crowds) == 12
    assert [person.heard for person in made] == [person.expected for person in made]


def test_audiences_are_bounded_and_lose_nothing_by_it(people, turn, monkeypatch):
    monkeypatch.setattr(audiences, "MAX_AUDIENCES", 1)
    made = people(6)
    for person in made:
        join(person, "one")
        join(person, "two")
    for number in range(4):
        say(made, ROOMS[number % 2], b"%d" % number)
    # Nobody is left in a crowd of a room that is forgotten.
    assert list(subscriptions.pushing._by_room) == ["two"]
    assert not subscriptions.pushing._by_room["two"].apart
    turn()
    assert [person.heard for person in made] == [person.expected for person in made]


def test_nothing_stays_of_a_room_that_all_have_left(people, turn):
    made = gathered(people, 4)
    say(made, "one", b"bye")
    for person in made:
        subscriptions.unsubscribe(person.connection, "one")
    assert subscriptions.pushing._by_room == {}
    assert all(person.socket.websocket.crowd is None for person in made)
    turn()
    assert {person.heard for person in made} == {frame(b"bye")}
