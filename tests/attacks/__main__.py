"""What others feel of each attack: `python -m tests.attacks [--engine postgresql] [--workers 2] [NAME ...]`."""

import argparse
import sys

from scripts import check
from tests.attacks.kinds import attacks
from tests.attacks.measure import strike_attacks


def main() -> int:
    known = attacks()
    parser = argparse.ArgumentParser("python -m tests.attacks", description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(sorted(known)))
    options = parser.parse_args()
    check.install_programs()
    names = options.names or sorted(known)
    complaints = strike_attacks([known[name] for name in names], options.engine, options.workers)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
