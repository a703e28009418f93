"""The sites that growth is measured on: who is in them, how long their histories are, and their databases."""

import json
import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.cluster import Cluster
from benchmarks.groups import Group
from benchmarks.servers import OURS, OURS_SQLITE, Workspace

# Rooms by their number of sockets, with five senders each.
SIZES = (
    Group("of-5-", 1, 5, 0, 5),
    Group("of-50-", 1, 50, 5, 5),
    Group("of-500-", 1, 500, 55, 5),
    Group("of-5000-", 1, 5_000, 555, 5),
)
# The room with half of a site's messages, and the people of all smaller rooms.
LONG = Group("long-", 1, 5, 5_555, 5)
CROWD = Group("old-", 1_000, 10, LONG.first + LONG.people, 1)
CROWD_PEOPLE = 1_000
# People in many rooms, by how many, each room with three of the crowd; behind them the reader.
BELONGING = (10, 100, 1_000, 10_000)
FIRST_BELONGING = CROWD.first + CROWD_PEOPLE
READER = FIRST_BELONGING + len(BELONGING)
PEOPLE = READER + 1
# Rooms of the crowd that the reader is in.
READ_ROOMS = 20


@dataclass(frozen=True)
class Plan:
    """Lengths of the histories, and of the measures in seconds and requests."""

    postgresql: tuple[int, ...] = (10_000, 1_000_000, 10_000_000)
    sqlite: tuple[int, ...] = (10_000, 1_000_000)
    seconds: float = 5
    warmup: float = 2
    # Seconds of one kind of request, and of waiting for what comes by itself.
    request_seconds: float = 1.5
    idle_seconds: float = 21
    publishes: int = 20_000
    channels: int = 100_000
    online: tuple[int, ...] = (100, 10_000, 100_000, 1_000_000)


QUICK = Plan(
    postgresql=(10_000, 20_000),
    sqlite=(10_000,),
    seconds=1,
    warmup=0.5,
    request_seconds=0.2,
    idle_seconds=2,
    publishes=1_000,
    channels=2_000,
    online=(100, 10_000),
)


@dataclass
class Site:
    """A filled database: its length, its files, and what the filling found out."""

    name: str
    length: int
    workspace: Workspace
    filled: dict[str, Any]

    def tokens(self) -> list[str]:
        return self.workspace.tokens.read_text().split()

    def reader(self) -> str:
        """Return the reader's token."""
        return self.tokens()[READER]

    def belonging(self, rooms: int) -> str:
        """Return the token of the person in so many rooms."""
        return self.tokens()[FIRST_BELONGING + BELONGING.index(rooms)]


def prepare(folder: Path, cluster: Cluster, name: str, length: int) -> Site:
    """Make a database with that many messages."""
    site_folder = folder / f"{name}-{length}"
    site_folder.mkdir()
    workspace = Workspace(site_folder, cluster, {"THROTTLE_USER": "1000000000/min"})
    if name == OURS:
        url = create_database(cluster, f"growth{length}")
        workspace = replace(workspace, settings={**workspace.settings, "DATABASE_URL": url})
    workspace.tokens.write_text("\n".join(f"chat_{secrets.token_urlsafe(32)}" for _ in range(PEOPLE)) + "\n")
    began = time.monotonic()
    said = workspace.django(name, "benchmarks.growth.filling", str(workspace.tokens), str(length))
    filled = {**json.loads(said), "seconds": time.monotonic() - began}
    return Site(name, length, workspace, filled)


def create_database(cluster: Cluster, name: str) -> str:
    """Make an empty database and return its address. The log of a filling is written once, as by a load at night."""
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(f"CREATE DATABASE {name}")
    return cluster.url.rpartition("/")[0] + f"/{name}"


def servers(plan: Plan) -> list[tuple[str, int]]:
    """Return the databases to be made, the longest last."""
    found = [(OURS, length) for length in plan.postgresql] + [(OURS_SQLITE, length) for length in plan.sqlite]
    return sorted(found, key=lambda pair: pair[1])
