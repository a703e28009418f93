"""`./run bench instructions`: count what a message and a delivery cost.

Compares that with benchmarks/instructions.json, and exits with 1 if a figure is a tenth over or under what is stored.
"""

import argparse
import json
import platform
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

from benchmarks.instructions.counting import counted, figures, total

STORED = Path(__file__).resolve().parent.parent / "instructions.json"
RENEW = "./run bench instructions --store"
TOLERANCE = 0.1
PROFILE_LINES = 40


def read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench instructions", description=__doc__)
    parser.add_argument("--store", action="store_true", help="renew the stored figures of this Python")
    parser.add_argument("--postgresql", action="store_true", help="the same on PostgreSQL instead of SQLite")
    parser.add_argument("--profile", action="store_true", help="list the C functions that most are spent in")
    return parser.parse_args(arguments)


def kind(with_postgresql: bool) -> str:
    """Name what figures are compared within: Python's version and how it was built, as both change all of them."""
    built = sysconfig.get_config_var("CONFIG_ARGS") or ""
    return " ".join(
        [
            f"Python {sys.version_info[0]}.{sys.version_info[1]}",
            platform.machine(),
            "optimized" if "--enable-optimizations" in built else "plain",
            "PostgreSQL" if with_postgresql else "SQLite",
        ]
    )


def faults(found: dict[str, int], stored: dict[str, int]) -> list[str]:
    """Return a sentence for each figure that is no longer what is stored."""
    return [
        f"{name}: {found.get(name, 0):,} instructions; {stored.get(name, 0):,} are stored."
        for name in {**stored, **found}
        if abs(found.get(name, 0) - stored.get(name, 0)) > TOLERANCE * stored.get(name, 0)
    ]


def report(found: dict[str, int], stored: dict[str, int]) -> None:
    for name, number in found.items():
        ratio = f"  {number / stored[name]:.3f} of the stored {stored[name]:,}" if stored.get(name) else ""
        print(f"{name:24}{number:>12,}{ratio}")


def verdict(found: dict[str, int], stored: dict[str, int] | None, what: str) -> int:
    """Say how the figures compare; return the exit code."""
    report(found, stored or {})
    if stored is None:
        print(f"There are no figures of {what} to compare with; `{RENEW}` stores these.")
        return 0
    wrong = faults(found, stored)
    for line in wrong:
        print(f"FAILED {line}")
    if wrong:
        print(
            f"These differ by more than {TOLERANCE:.0%}. If one is meant to cost more, or a gain is to be kept: `{RENEW}`,"
            f" and commit {STORED.name}."
        )
    return 1 if wrong else 0


def print_profile(files: dict[str, Path]) -> None:
    """List the functions of C in which most is spent, without what they call."""
    for label in ("message", "batch", "many"):
        command = ["callgrind_annotate", "--threshold=80", "--show-percs=yes", str(files[label])]
        lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
        table = [line for line in lines if line.strip()[:1].isdigit()]
        print(f"\n{label}", *table[:PROFILE_LINES], sep="\n")


def main(arguments: list[str] | None = None) -> int:
    # SystemExit lets the context managers stop what they started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = read_arguments(arguments)
    lacking = [name for name in ("valgrind", "gcc") if not shutil.which(name)]
    if lacking:
        sys.exit(
            f"Counting needs {' '.join(lacking)} (Debian, Ubuntu: apt-get install valgrind gcc libc6-dev)."
        )
    with counted(options.postgresql) as files:
        found = figures({label: total(path) for label, path in files.items()})
        if options.profile:
            print_profile(files)
    what, stored = kind(options.postgresql), json.loads(STORED.read_text())
    if not options.store:
        return verdict(found, stored.get(what), what)
    report(found, stored.get(what, {}))
    STORED.write_text(json.dumps(dict(sorted({**stored, what: found}.items())), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
