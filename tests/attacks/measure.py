"""Attacks one after another, and a line for each of what others felt. Those that need the same settings share a site."""

import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from tests.attacks.attack import Attack, Felt, line, measure
from tests.attacks.probe import Probes
from tests.attacks.site import attacked
from tests.support.run.machine_pace import Pace

HEAD = f"{'attack':34}{'calm p50/p99/worst ms':24}{'meanwhile':24}{'refused':10}{'killed':8}what it did"


def strike_attacks(kinds: list[type[Attack]], engine: str = "sqlite", workers: int = 1) -> list[str]:
    """Returns what doesn't hold. Attacks that make no sense on the engine are left out."""
    complaints: list[str] = []
    say(f"\n{engine}, {workers} worker(s)\n{HEAD}")
    makes_sense = [kind for kind in kinds if engine in kind.engines]
    for settings, alike in groupby(sorted(makes_sense, key=settings_of), settings_of):
        with (
            tempfile.TemporaryDirectory(prefix="attack-") as folder,
            attacked(Path(folder), engine, workers, **dict(settings)) as site,
            Probes(site) as probes,
        ):
            complaints += [complaint for kind in alike for complaint in strike(probes, kind())]
    return complaints


def settings_of(kind: type[Attack]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(kind.settings.items()))


def strike(probes: Probes, attack: Attack) -> Iterator[str]:
    probes.site.change_attacker()
    with Pace() as pace:
        felt = measure(probes, attack)
        say(row(felt))
        attack.stretch = pace.stretch
    try:
        felt.check(attack.stretch, pace.stalled)
        attack.check(probes.site)
    except AssertionError as error:
        say(f"    {error}")
        yield str(error)


def row(felt: Felt) -> str:
    refused = sum(felt.refused.values())
    columns = (
        f"{felt.name:34}{line(felt.calm):24}{line(felt.meanwhile):24}{refused:<10}{felt.killed:<8}{felt.done}"
    )
    return f"{columns}\n    without waits for a CPU {felt.unhindered}; longest ack {felt.worst}"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
