"""Each fault in its short form, under load, with official clients in every way to connect: nothing acknowledged is lost
or doubled, one order for all, who is here is right, and whoever lost a right sees nothing of what is said after that.

`./run chaos` has the long forms.
"""

from random import Random

import pytest

from tests.chaos.crew import Crew
from tests.chaos.faults import FAULTS
from tests.chaos.scene import Scene
from tests.chaos.stage import Stage

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    with Stage(tmp_path_factory.mktemp("stage")) as stage, Crew() as crew:
        # Half as many messages as in the long forms: a fault meets some all the same.
        yield Scene(stage, crew, every=0.2)


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_lost_and_nobody_sees_more_than_they_may(scene, fault):
    scene.under(fault, Random(fault)).check()


def test_after_all_that_everybody_is_seen_where_they_are_and_nothing_is_left_open(scene):
    """After each by itself in `./run chaos`: it may take 20 s."""
    assert scene.leftovers() == []
