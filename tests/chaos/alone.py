"""What strikes a site of one process on SQLite, in the long forms of `./run chaos`.

with alone(scenes=6) as strike: outcome, strain = strike("disk full", Random(1))
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.chaos.clock import COMPILER, Clock, Moved
from tests.chaos.crew import Crew
from tests.chaos.disk import Disk, Full
from tests.chaos.faults import Fault
from tests.chaos.floods import RATE, Deaf, Flood
from tests.chaos.half_open import HalfOpen
from tests.chaos.lone import Lone
from tests.chaos.outcome import Outcome
from tests.chaos.scene import ROOM, Scene
from tests.chaos.strains import Strain
from tests.chaos.strangers import Fuzz

# Seconds that each lasts; about as long as the frames take.
SECONDS = {
    "random frames": 40.0,
    "half-open clients": 20.0,
    "floods": 20.0,
    "deaf clients": 15.0,
    "disk full": 20.0,
    **({"clock moved": 30.0} if COMPILER else {}),
}


def strain(name: str, disk: Disk, clock: Clock) -> Strain:
    strains: dict[str, Callable[[], Strain]] = {
        "random frames": lambda: Fuzz(ROOM, 10_000),
        "half-open clients": lambda: HalfOpen(ROOM, 2000),
        "floods": lambda: Flood(ROOM, 40),
        "deaf clients": lambda: Deaf(ROOM, 20),
        "disk full": lambda: Full(disk),
        "clock moved": lambda: Moved(clock),
    }
    return strains[name]()


@contextmanager
def alone(scenes: int) -> Iterator[Callable[[str, Random], tuple[Outcome, str]]]:
    """`strike(name, chance)` gives the outcome, and what others felt of it in words."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, Disk(Path(folder)) as disk:
        clock = Clock(disk.folder) if COMPILER else None
        settings = clock.settings if clock else {}
        with Lone(disk.folder, EVENTS_PER_SECOND=str(RATE), **settings) as stage, Crew() as crew:
            scene = Scene(stage, crew, scenes=scenes)

            def strike(name: str, chance: Random) -> tuple[Outcome, str]:
                one, seconds = strain(name, disk, clock), SECONDS[name]
                outcome = scene.under(name, chance, seconds, Fault(one.strike, seconds, seconds))
                outcome.leftovers = scene.ghosts()
                reports = crew.report(scene.names)
                felt = (
                    f"acks in {one.calm(reports):.0f} ms before, in {one.strained(reports):.0f} ms meanwhile"
                )
                return outcome, f"{felt}; {one.done}" if one.done else felt

            yield strike
