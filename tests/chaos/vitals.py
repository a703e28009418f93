"""What workers hold: memory and descriptors of each, and their connections to PostgreSQL.

before = vitals(stage); …; grown(stage, before)     # {} where nothing grew beyond the slack
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.stage import Stage

# Bytes and descriptors that a worker may have more than before: what Python's allocator keeps of a burst, database
# connections that wait to be used again (16, chatsite/postgresql), and a few sockets more that came to it.
MEMORY, DESCRIPTORS = 48 * 1024 * 1024, 64
# What a quiet worker's jobs take, and seconds until the others have waited long enough to be used again.
CONNECTIONS, QUIET = 4, 30.0


@dataclass(frozen=True)
class Vitals:
    memory: int
    descriptors: int


def vitals(stage: Stage) -> dict[int, Vitals]:
    """By the worker's pid."""
    found = {}
    for pid in stage.workers:
        try:
            found[pid] = of(pid)
        except OSError:
            continue
    return found


def of(pid: int) -> Vitals:
    """Raises OSError when it has gone, or waits only to be buried."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next((line for line in status.splitlines() if line.startswith("VmRSS:")), "")
    if not resident:
        raise ProcessLookupError(pid)
    return Vitals(int(resident.split()[1]) * 1024, len(list(Path(f"/proc/{pid}/fd").iterdir())))


def growth(before: Mapping[int, Vitals], after: Mapping[int, Vitals]) -> dict[int, str]:
    """Of the workers that lived through it: who holds more than they should."""
    found = {}
    for pid in before.keys() & after.keys():
        memory = after[pid].memory - before[pid].memory
        descriptors = after[pid].descriptors - before[pid].descriptors
        if memory > MEMORY or descriptors > DESCRIPTORS:
            found[pid] = f"{memory / 1e6:.0f} MB and {descriptors} descriptors more"
    return found


def grown(stage: Stage, before: Mapping[int, Vitals]) -> dict[int, str]:
    """Who holds more than they should, though there was time to let it go."""
    deadline = time.monotonic() + QUIET
    while (found := growth(before, vitals(stage))) and time.monotonic() < deadline:
        time.sleep(0.3)
    return found


def connections(stage: Stage) -> int:
    """Of all workers, to PostgreSQL."""
    return stage.postgres.ask(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )[0][0]


def lingering(stage: Stage) -> list[str]:
    """More connections than a quiet site has, though there was time."""
    deadline = time.monotonic() + QUIET
    while (count := connections(stage)) > CONNECTIONS * len(stage.workers):
        if time.monotonic() > deadline:
            return [f"{count} connections to PostgreSQL are left"]
        time.sleep(0.3)
    return []
