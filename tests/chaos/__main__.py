"""Faults and attacks at random, by a seed: `./run chaos --minutes M --seed S`."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from scripts import check
from tests.attacks.kinds import attacks
from tests.attacks.measure import strike_attacks
from tests.chaos import alone
from tests.chaos.crew import Crew
from tests.chaos.faults import FAULTS
from tests.chaos.outcome import Outcome
from tests.chaos.scene import AFTER, BEFORE, Scene
from tests.chaos.stage import Stage
from tests.chaos.table import table

# Seconds beside the fault itself: people who come, the look at everything in the end.
AROUND = BEFORE + AFTER + 4


ATTACKS = attacks()
LONG = {
    **{name: fault.long for name, fault in FAULTS.items()},
    **alone.SECONDS,
    **{name: kind.seconds for name, kind in ATTACKS.items()},
}


def schedule(seed: int, minutes: float) -> Iterator[str]:
    """Every fault once, in an order of the seed, and again in another one, until the time is filled."""
    chance, seconds = Random(seed), 0.0
    while True:
        for name in chance.sample(sorted(LONG), len(LONG)):
            seconds += LONG[name] + AROUND
            yield name
            if seconds >= minutes * 60:
                return


def strike_all(names: list[str], seed: int) -> list[Outcome]:
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, Stage(Path(folder)) as stage, Crew() as crew:
        scene = Scene(stage, crew, scenes=len(names))
        for number, name in enumerate(names, 1):
            print(
                f"{time.strftime('%H:%M:%S')} {number}/{len(names)} {name} ({FAULTS[name].long} s)",
                flush=True,
            )
            outcome = scene.under(name, Random(f"{seed} {number}"), FAULTS[name].long)
            outcome.leftovers = scene.leftovers()
            outcomes.append(outcome)
            for complaint in outcome.complaints:
                print(f"    {complaint}", flush=True)
    return outcomes


def strike_alone(names: list[str], seed: int) -> list[Outcome]:
    """The same on a site of one process."""
    outcomes = []
    with alone.alone(scenes=len(names)) as strike:
        for number, name in enumerate(names, 1):
            print(f"{time.strftime('%H:%M:%S')} {number}/{len(names)} {name} ({LONG[name]} s)", flush=True)
            outcome, felt = strike(name, Random(f"{seed} alone {number}"))
            print(f"    {felt}", flush=True)
            outcomes.append(outcome)
            for complaint in outcome.complaints:
                print(f"    {complaint}", flush=True)
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser("./run chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    options = parser.parse_args()
    check.install_programs()
    check.install_modules()
    names = list(schedule(options.seed, options.minutes))
    print(f"Seed {options.seed}: {len(names)} faults", flush=True)
    outcomes = strike_all([name for name in names if name in FAULTS], options.seed)
    outcomes += strike_alone([name for name in names if name in alone.SECONDS], options.seed)
    print(table(outcomes))
    complaints = strike_attacks([ATTACKS[name] for name in names if name in ATTACKS])
    return 1 if complaints or any(outcome.complaints for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
