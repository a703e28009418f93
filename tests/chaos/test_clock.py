"""A clock that is set by an hour, ahead and back: nobody is dropped, nothing is stuck for that hour, `seq` is the order."""

import time
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.chaos.clock import COMPILER, HOUR, Clock, Moved
from tests.chaos.crew import Crew
from tests.chaos.faults import Fault
from tests.chaos.lone import Lone
from tests.chaos.scene import ROOM, Scene
from tests.support.clients.cast import Chatter, rest

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not COMPILER, reason="a C compiler is not installed"),
]
# REST requests a minute, of one person.
RATE = 240


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    return Clock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def scene(clock, tmp_path_factory):
    settings = {**clock.settings, "THROTTLE_USER": f"{RATE}/min"}
    with Lone(tmp_path_factory.mktemp("lone"), **settings) as stage, Crew() as crew:
        yield Scene(stage, crew)


@pytest.fixture
def moved(clock, scene):
    """`moved(hours)`; it is right again after the test."""
    yield lambda hours: clock.move(hours * HOUR)
    clock.move(0)


def said_at(scene):
    answer = scene.crew.say(scene.talkers[0], ROOM)
    message = rest(scene.stage.server, scene.owner, "GET", f"/message/{answer['id']}").json()
    return datetime.fromisoformat(message["created_at"])


def test_under_load_nothing_is_lost_and_nobody_dropped(clock, scene):
    moved = Moved(clock)
    scene.under("clock moved", Random(1), 3, Fault(moved.strike, 3, 30)).check()
    reports = scene.crew.report(scene.names)
    assert not [drop for report in reports for drop in report["drops"]]
    moved.check_others(reports)
    assert not scene.ghosts()
    assert "Traceback" not in scene.stage.server.log.read_text()


@pytest.mark.parametrize("hours", [1, -1])
def test_the_order_is_that_of_seq(scene, moved, hours):
    moved(hours)
    assert abs(said_at(scene) - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(minutes=5)
    moved(0)
    said_at(scene)
    page = rest(scene.stage.server, scene.owner, "GET", f"/message?room={ROOM}&limit=200").json()["results"]
    seqs = [message["seq"] for message in page]
    assert seqs in (sorted(seqs), sorted(seqs, reverse=True))


def test_typing_ends_by_itself(scene, moved):
    reader = Chatter(scene.stage.server, scene.tokens[scene.readers[2]])
    reader.join(ROOM)
    scene.crew.call(scene.talkers[1], "typing", {"room": ROOM, "typing": True})
    reader.wait("typing", typing=True)
    moved(-1)
    reader.wait("typing", typing=False)
    reader.close()


def test_a_person_who_asked_too_much_waits_a_minute_and_not_an_hour(scene, moved):
    server, token = scene.stage.server, scene.tokens[scene.readers[1]]
    moved(1)
    while (answer := rest(server, token, "GET", "/user/me")).status_code == 200:
        pass
    assert answer.status_code == 429
    moved(0)
    answer = rest(server, token, "GET", "/user/me")
    assert answer.status_code == 200, answer.text


def test_who_goes_while_it_is_moved_is_gone(scene, moved):
    server, name = scene.stage.server, scene.readers[2]
    scene.crew.close([name])
    moved(-1)
    deadline = time.monotonic() + 60
    while (user := rest(server, scene.owner, "GET", f"/user/{name}").json())["online"]:
        assert time.monotonic() < deadline
        time.sleep(1)
    assert user["last_seen"]
