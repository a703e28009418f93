"""Who behaves badly harms nobody else: official clients talk meanwhile, and in the end all is as it was."""

from random import Random

import pytest

from tests.chaos.crew import Crew
from tests.chaos.faults import Fault
from tests.chaos.floods import SHORT_EVENTS, SHORT_RATE, Deaf, Flood
from tests.chaos.half_open import SLACK, HalfOpen
from tests.chaos.lone import Lone
from tests.chaos.scene import ROOM, Scene
from tests.chaos.strangers import Fuzz

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    with Lone(tmp_path_factory.mktemp("lone"), EVENTS_PER_SECOND=str(SHORT_RATE)) as stage, Crew() as crew:
        # Slower than anybody may.
        yield Scene(stage, crew, every=0.4)


def struck(scene, strain, seconds):
    """The lines that the server wrote meanwhile."""
    log = scene.stage.server.log
    before = log.stat().st_size
    scene.under(
        "strain", Random(type(strain).__name__), seconds, Fault(strain.strike, seconds, seconds)
    ).check()
    strain.check_others(scene.crew.report(scene.names))
    assert not scene.ghosts()
    lines = log.read_bytes()[before:].decode().splitlines()
    assert not [line for line in lines if "Traceback" in line or " ERROR " in line]
    assert not [drop for report in scene.crew.report(scene.names) for drop in report["drops"]]
    return lines


def test_random_frames(scene):
    fuzz = Fuzz(ROOM, 500)
    lines = struck(scene, fuzz, 1)
    assert fuzz.frames + fuzz.posts >= 500
    assert fuzz.sockets / 2 < len(lines) <= fuzz.sockets + len(scene.names), (
        "a line for each that broke something"
    )


# They are as many as a quiet machine accepts in time: beside other tests it took a poller's pong more than 20 s to come in.
@pytest.mark.serial
def test_clients_that_never_finish(scene):
    half = HalfOpen(ROOM, 2000)
    struck(scene, half, 2)
    # Those who wait to be accepted have no descriptor yet: live events go before them.
    assert half.most > half.before + 1000, "most were open at once"
    assert half.after <= half.before + SLACK
    assert half.opened == half.closed
    assert half.waited < 10, "nobody waited for them to be put out"


def test_clients_that_send_too_much(scene):
    flood = Flood(ROOM, 32, SHORT_EVENTS)
    struck(scene, flood, 1)
    assert flood.answered == SHORT_EVENTS
    assert 0 < flood.refused < SHORT_EVENTS


def test_clients_that_never_read(scene):
    deaf = Deaf(ROOM, 4)
    struck(scene, deaf, 1)
    assert deaf.cut == deaf.count
