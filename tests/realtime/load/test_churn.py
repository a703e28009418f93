"""A thousand who come and go at random while all of them talk: in the end every log is the same, and nothing is lost."""

import json
import random
import selectors
import time
import uuid

import pytest

from tests.support.clients.crowd import TOGETHER, WAYS, LetGo, Member, people
from tests.support.clients.raw_clients import compact
from tests.support.servers.harness import serve
from tests.support.servers.postgres import find, postgres
from tests.support.sites import PATIENT

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(900)]

# One thread is everybody: nobody is so slow at the door.
LONG = {"ASKING": "240", "STUCK": "60"}
# PostgreSQL takes longer for each who comes, and what it does differently needs no crowd.
PEOPLE, SIZE = {"sqlite": 1000, "postgresql": 500}, 100
ROUNDS, LEAVING, COMING, SAYING = 40, 60, 80, 30
PATIENCE = 240
JOIN, SYNC, SAID = 0, 1, 100


class Follower(Member):
    """One connection of `person`, who takes up where they left off."""

    def __init__(self, server, person):
        super().__init__(server, person.token, person.room)
        self.person, self.early = person, []

    def _heard(self, text):
        kind = text[:2]
        if kind == b"40":
            self.send(f"42{JOIN}" + compact(["join", {"room": self.room, **self.person.place()}]))
        elif kind == b"42":
            self.event(*json.loads(text[2:]))
        elif kind == b"43":
            number, _, ack = text[2:].partition(b"[")
            self.acked(int(number), json.loads(b"[" + ack)[0])
        else:
            super()._heard(text)

    def event(self, name, data):
        if "seq" in data and data.get("room") == self.room:
            if self.joined:
                self.person.take(name, data, live=True)
            else:
                self.early.append((name, data))

    def acked(self, number, ack):
        if number in (JOIN, SYNC):
            assert ack["ok"], ack
            self.catch_up(ack)
        elif ack["ok"]:
            self.person.stored(ack["message"])
        else:
            # A disk that is busy with other tests, too, may keep somebody waiting for more than the server bears.
            assert ack["error"]["code"] == "unavailable", ack
            self.say_again()

    def catch_up(self, ack):
        assert not ack["reset"]
        self.person.epoch = ack["epoch"]
        for event in ack["events"]:
            self.person.take(event["event"], event["data"])
        if ack["more"]:
            self.send(f"42{SYNC}" + compact(["sync", {"room": self.room, **self.person.place()}]))
            return
        self.joined = True
        for name, data in self.early:
            self.person.take(name, data, live=True)
        self.say_again()

    def say_again(self):
        """All of which they know of no answer; what was stored is not stored twice."""
        for client_id, body in self.person.unanswered.items():
            self.say(client_id, body)

    def say(self, client_id, body):
        data = {"room": self.room, "body": body, "client_id": client_id}
        self.send(f"42{SAID}" + compact(["chat-message", data]))


class Person:
    """What outlives a connection: the log as they have it, and what they said and know of no answer to."""

    def __init__(self, token, room):
        self.token, self.room, self.epoch = token, room, None
        self.log, self.unanswered, self.answered = [], {}, {}

    def place(self):
        return {"after": len(self.log), **({"epoch": self.epoch} if self.epoch else {})}

    def take(self, name, data, live=False):
        seq, line = data["seq"], (name, data.get("id"), data.get("body"))
        if seq <= len(self.log):
            assert self.log[seq - 1] == line
            return
        assert seq == len(self.log) + 1, f"{'live' if live else 'caught up'}: {seq} behind {len(self.log)}"
        self.log.append(line)

    def say(self, follower):
        client_id, body = str(uuid.uuid4()), f"words {len(self.answered)}"
        self.unanswered[client_id] = body
        follower.say(client_id, body)

    def stored(self, message):
        assert self.unanswered.pop(message["client_id"], message["body"]) == message["body"]
        self.answered[message["client_id"]] = message["id"]


class Square:
    """Where `count` people come and go. `here` is by person."""

    def __init__(self, server, count):
        self.server, self.count, self.here, self.late = server, count, {}, 0
        self.selector = selectors.DefaultSelector()

    def come(self, person):
        follower = self.here[person] = Follower(self.server, person)
        self.selector.register(follower.socket, selectors.EVENT_READ, follower)

    def come_all(self, persons):
        """In hundreds: one thread is everybody, and too slow for more at the threshold."""
        for start in range(0, len(persons), TOGETHER):
            new = persons[start : start + TOGETHER]
            for person in new:
                self.come(person)
            self.until(lambda new=new: all(self.here[person].joined for person in new))

    def go(self, person, way):
        follower = self.here.pop(person)
        self.selector.unregister(follower.socket)
        way(follower)

    def turn(self, seconds):
        for key, _ in self.selector.select(seconds):
            try:
                key.data.read()
            except LetGo:
                self._come_again(key.data)

    def _come_again(self, follower):
        """One thread is everybody: on a busy machine some aren't in within the server's five seconds."""
        assert not follower.joined
        self.late += 1
        assert self.late < self.count // 10
        self.selector.unregister(follower.socket)
        follower.socket.close()
        self.come(follower.person)

    def until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "it never came"
            self.turn(0.1)

    def settled(self):
        return all(follower.joined for follower in self.here.values()) and not any(
            person.unanswered for person in self.here
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request, tmp_path):
    """A server on either engine, and how many people it gets."""
    count = PEOPLE[request.param]
    if request.param == "sqlite":
        with serve(tmp_path, PATIENT, **LONG) as server:
            yield server, count
        return
    if not find("initdb"):
        pytest.skip("PostgreSQL is not installed")
    with postgres() as url, serve(tmp_path, PATIENT, DATABASE_URL=url, **LONG) as server:
        yield server, count


def test_whoever_comes_and_goes_ends_with_the_same_log(site):
    chance = random.Random(7)
    server, count = site
    everybody = [Person(*one) for one in people(server, count, SIZE)]
    square = Square(server, count)
    square.come_all(everybody)
    for _ in range(ROUNDS):
        for person in chance.sample([*square.here], LEAVING):
            square.go(person, chance.choice(WAYS))
        away = [person for person in everybody if person not in square.here]
        for person in chance.sample(away, min(COMING, len(away))):
            square.come(person)
        ready = [follower for follower in square.here.values() if follower.joined]
        for follower in chance.sample(ready, min(SAYING, len(ready))):
            follower.person.say(follower)
        square.turn(0.05)
    square.come_all([person for person in everybody if person not in square.here])
    square.until(square.settled)
    heads = {
        room: max(len(person.log) for person in everybody if person.room == room)
        for room in {person.room for person in everybody}
    }
    square.until(lambda: all(len(person.log) == heads[person.room] for person in everybody))
    check(everybody)


def check(everybody):
    said = 0
    for room in {person.room for person in everybody}:
        members = [person for person in everybody if person.room == room]
        log = members[0].log
        assert all(person.log == log for person in members)
        ids = [pk for name, pk, _ in log if name == "chat-message"]
        assert len(ids) == len(set(ids))
        answered = [pk for person in members for pk in person.answered.values()]
        assert sorted(answered) == sorted(ids), "each acknowledged message once, and no other"
        said += len(ids)
    assert said > ROUNDS * SAYING // 2
