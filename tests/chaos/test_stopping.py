"""A machine is told to go with a thousand clients connected: it is gone at once, each of them is told, and they come back
spread over some time."""

import pytest

from tests.chaos.crew import Crew, Hand
from tests.chaos.stage import Stage
from tests.support.run.machine_pace import Pace

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(1200)]

PEOPLE = 1000
# Seconds: the promise; and what is at least between the first tenth's first attempt to return and the last's, for which
# the official client waits up to two.
GONE, SPREAD = 5.0, 0.8
# Seconds for an answer. Who asked again for what takes long would make it take longer.
PATIENCE = 60.0
# Seconds until all are whole, which they have to be at all.
WHOLE = 240.0
# Seconds to ask to come in: one process is everybody, and who was let go for that would come again and make it slower.
ASKING = "240"


def test_a_thousand_clients_are_told_and_come_back_one_after_the_other(tmp_path):
    names = [f"person{n:04}" for n in range(PEOPLE)]
    with Stage(tmp_path, machines=1, ASKING=ASKING) as stage, Crew() as crew:
        (machine,) = stage.machines
        tokens = stage.people("deck", names)
        for start in range(0, PEOPLE, 100):
            some = names[start : start + 100]
            hands = (
                Hand(name, machine.url, tokens[name], rooms=["deck"], patience=PATIENCE) for name in some
            )
            crew.open(*hands)
            crew.ready(some, seconds=WHOLE)
        crew.talk(names[:10], "deck", 0.2)
        with Pace() as pace:
            assert machine.server.stop() < pace.allowed(GONE), pace
        assert machine.server.process.returncode == 0
        crew.hush()
        machine.start()
        crew.ready(heads={"deck": stage.head("deck")}, seconds=WHOLE)
        reports = crew.report()
        assert all(len(report["drops"]) == 1 for report in reports)
        tries = sorted(report["attempts"][0] for report in reports)
        assert (tries[PEOPLE * 9 // 10] - tries[PEOPLE // 10]) / 1000 > SPREAD
