"""Attacks one after another, each on a site of its own, and a line for each of what others felt."""

import sys
import tempfile
from pathlib import Path

from tests.attacks.attack import Attack, Felt, line, measure
from tests.attacks.site import attacked
from tests.pace import Pace

HEAD = f"{'attack':34}{'calm p50/p99/worst ms':24}{'meanwhile':24}{'refused':10}{'killed':8}what it did"


def strike_attacks(kinds: list[type[Attack]], engine: str = "sqlite", workers: int = 1) -> list[str]:
    """Returns what doesn't hold. Attacks that make no sense on the engine are left out."""
    complaints = []
    say(f"\n{engine}, {workers} worker(s)\n{HEAD}")
    for kind in filter(lambda kind: engine in kind.engines, kinds):
        with (
            tempfile.TemporaryDirectory(prefix="attack-") as folder,
            attacked(Path(folder), engine, workers, **kind.settings) as site,
            Pace() as pace,
        ):
            attack = kind()
            felt = measure(site, attack)
            say(row(felt))
            attack.stretch = pace.stretch
            try:
                felt.check(attack.stretch)
                attack.check(site)
            except AssertionError as error:
                complaints.append(str(error))
                say(f"    {error}")
    return complaints


def row(felt: Felt) -> str:
    refused = sum(felt.refused.values())
    columns = (
        f"{felt.name:34}{line(felt.calm):24}{line(felt.meanwhile):24}{refused:<10}{felt.killed:<8}{felt.done}"
    )
    return f"{columns}\n    longest ack {felt.worst}"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
