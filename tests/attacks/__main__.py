"""What others feel of each attack: `python -m tests.attacks [--engine postgresql] [--workers 2] [NAME ...]`."""

import argparse
import sys
import tempfile
from pathlib import Path

from scripts import check
from tests.attacks.attack import Attack, Felt, line, measure
from tests.attacks.kinds import attacks
from tests.attacks.site import attacked
from tests.pace import Pace

HEAD = f"{'attack':34}{'calm p50/p99/worst ms':24}{'meanwhile':24}{'refused':10}{'killed':8}what it did"


def run(kinds: list[type[Attack]], engine: str, workers: int) -> list[str]:
    """Print a line for each attack on a site of its own; returns what doesn't hold."""
    complaints = []
    for kind in kinds:
        with (
            tempfile.TemporaryDirectory(prefix="attack-") as folder,
            attacked(Path(folder), engine, workers, **kind.settings) as site,
            Pace() as pace,
        ):
            attack = kind()
            felt = measure(site, attack)
            print(row(felt), flush=True)
            try:
                felt.check(pace.stretch)
                attack.check(site)
            except AssertionError as error:
                complaints.append(f"{engine}, {workers}: {error}")
    return complaints


def row(felt: Felt) -> str:
    refused = sum(felt.refused.values())
    return (
        f"{felt.name:34}{line(felt.calm):24}{line(felt.meanwhile):24}{refused:<10}{felt.killed:<8}{felt.done}"
    )


def main() -> int:
    known = attacks()
    parser = argparse.ArgumentParser("python -m tests.attacks", description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(sorted(known)))
    options = parser.parse_args()
    check.install_programs()
    names = options.names or sorted(known)
    print(f"{options.engine}, {options.workers} worker(s)\n{HEAD}", flush=True)
    kinds = [known[name] for name in names if options.engine in known[name].engines]
    complaints = run(kinds, options.engine, options.workers)
    print(*complaints, sep="\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
