import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import pace as paces
from tests.bus.redis import PROGRAM, Server, redis
from tests.realtime import harness
from tests.realtime.cast import Chatter, settle
from tests.realtime.postgres import find, postgres


def wait_for(condition, seconds=30.0):
    """The seconds that it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + seconds, "it didn't happen in time"
        time.sleep(0.02)
    return time.monotonic() - began


def folder_of(server):
    """Where its workers listen for each other; None before the first of them does."""
    inodes = {link[8:-1] for link in harness.open_files(server.worker) if link.startswith("socket:[")}
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    found = {Path(line[7]).parent for line in lines if len(line) == 8 and line[6] in inodes}
    return found.pop() if found else None


SITE = "tests.bus.site:application"


HERE = harness.ROOT / "tests" / "bus"


def pytest_collection_modifyitems(items):
    """pytest gives all items, not only those of this folder; and some here need neither."""
    if not (PROGRAM and find("initdb")):
        for item in items:
            if item.path.is_relative_to(HERE) and item.get_closest_marker("realtime"):
                item.add_marker(pytest.mark.skip(reason="Redis or PostgreSQL is not installed"))


@dataclass
class Two:
    """Two processes of one site, each with an address of its own, and the Redis between them."""

    one: harness.Server
    other: harness.Server
    redis: Server
    tokens: dict[str, str]
    settings: dict[str, str]
    opened: list[Chatter] = field(default_factory=list)

    def chatter(self, server, name, *rooms):
        chatter = Chatter(server, self.tokens[name])
        self.opened.append(chatter)
        for room in rooms:
            chatter.join(room)
        return chatter

    def close(self):
        while self.opened:
            self.opened.pop().close()


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    with postgres() as database, redis() as server:
        settings = {"DATABASE_URL": database, "REDIS_URL": server.url}
        with (
            harness.serve(tmp_path_factory.mktemp("one"), SITE, **settings) as one,
            harness.serve(tmp_path_factory.mktemp("other"), SITE, **settings) as other,
        ):
            yield Two(one, other, server, settle(one), settings)


@pytest.fixture
def pace():
    with paces.Pace() as pace:
        yield pace


@pytest.fixture
def two(both):
    yield both
    both.close()
