"""What a socket costs while it is there, and that nothing of it stays when it is gone: slopes, as a server that has just
started still loads code and fills caches.

`CHURN=10000` makes the long form.
"""

import json
import os
import time
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest

from tests.support.clients.crowd import TOGETHER, Crowd, people
from tests.support.servers.harness import ANSWER, open_files, serve
from tests.support.servers.postgres import find, postgres
from tests.support.sites import INSPECTED, PATIENT

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(1200)]

# Bytes of memory for a socket that has joined a room. It takes some 2,000; half of what Node takes is 5,700.
EACH = 5_000
ROUNDS = int(os.environ.get("CHURN", "2000"))
# So many at once; then these seconds, in which the last deadline of who is gone passes. How many are still remembered
# at the worst decides what the process holds for good.
STORM, LINGERING = 1000, 12
# What it may vary by, one more connection to the database included. One object that stays of everybody is a thousand;
# by some four hundred it varies of itself.
# Jobs that come round after a minute first do so in the second half, and leave some thousand: with twice the rounds none.
OBJECTS, MEMORY = 1_800, 1_000_000
# Objects of each further connection to the database.
CONNECTION_OBJECTS = 400
# Database connections of a server that has nothing to do but its jobs.
IDLE = 16


def resident(server):
    """Bytes of memory that the server's process holds."""
    return int(Path(f"/proc/{server.worker}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def look(server):
    """What there is of everything, when all deadlines are over."""
    with urlopen(f"{server.url}/inside", timeout=ANSWER) as answer:
        found = json.load(answer)
    descriptors = len(list(Path(f"/proc/{server.worker}/fd").iterdir()))
    return {**found, "memory": resident(server), "descriptors": descriptors, "database": in_database(server)}


def in_database(server):
    """Connections to the database."""
    url = server.environ["DATABASE_URL"]
    if url.startswith("sqlite:"):
        return sum(name.endswith("chat.sqlite3") for name in open_files(server.worker))
    with psycopg.connect(url) as connection:
        count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        return connection.execute(count).fetchone()[0]


def test_a_socket_that_has_joined_takes_little_memory(tmp_path):
    with serve(tmp_path, PATIENT, ASKING="240") as server:
        everyone, crowd = people(server, 2000), Crowd(server)
        crowd.come(everyone[:500])
        crowd.stay(6)
        before = resident(server)
        crowd.come(everyone[500:])
        crowd.stay(6)
        each = (resident(server) - before) / 1500
        crowd.go()
    assert each < EACH, f"{each:.0f} bytes"


@pytest.fixture
def server(tmp_path):
    if not find("initdb"):
        with serve(tmp_path, INSPECTED) as server:
            yield server
        return
    with postgres() as url, serve(tmp_path, INSPECTED, DATABASE_URL=url) as server:
        yield server


def churn(server, everyone, rounds):
    crowd = Crowd(server)
    for number in range(rounds // TOGETHER):
        if number and not number % (STORM // TOGETHER):
            time.sleep(LINGERING)
        crowd.come(everyone)
        crowd.go()
    time.sleep(LINGERING)
    return look(server)


def differs(before, after):
    """More descriptors, or fewer, than one and what the database's connections explain."""
    database = abs(after["database"] - before["database"])
    return abs(after["descriptors"] - before["descriptors"]) > 1 + database


def test_nothing_stays_of_those_who_come_and_go(server):
    everyone, half = people(server, TOGETHER), ROUNDS // 2
    before, after = churn(server, everyone, half), churn(server, everyone, half)
    # What is only slow to go doesn't stay: an idle connection to the database, a socket that lingers.
    deadline = time.monotonic() + ANSWER
    while differs(before, after) and time.monotonic() < deadline:
        time.sleep(1)
        after = look(server)
    grown = {name: after[name] - before[name] for name in after}
    assert (after["connections"], after["sockets"], after["links"]) == (0, 0, 0)
    # Connections to the database are kept, up to a number, for whoever comes next.
    assert after["database"] <= IDLE
    assert not differs(before, after), (before, after)
    assert abs(grown["greenlets"]) <= 1
    assert grown["objects"] < OBJECTS + CONNECTION_OBJECTS * max(0, grown["database"] - 1), str(grown)
    if grown["memory"] >= MEMORY:
        # On a busy machine more of them may have been there at the same moment, and the heap stays as it was then. What
        # isn't given back grows each time.
        grown["memory"] = churn(server, everyone, half)["memory"] - after["memory"]
    assert grown["memory"] < MEMORY, str((grown, before, after))
