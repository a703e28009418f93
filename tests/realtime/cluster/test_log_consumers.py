"""Consumers of the log in real processes: a killed one loses nothing, and one that hangs or raises holds up no other."""

import os
import signal
import sqlite3
import time
from contextlib import closing

import psycopg
import pytest
import requests

from rooms.log.consumers import lease, service
from tests.support.clients.cast import Chatter, settle
from tests.support.run.waiting import wait_for
from tests.support.servers.harness import serve
from tests.support.servers.postgres import postgres
from tests.support.servers.redis import redis
from tests.support.sites import LOG_CONSUMERS

pytestmark = pytest.mark.realtime

HANDLERS = "tests/support/sites/log_consumers.py"
# Seconds of `tests/support/sites/log_consumers.py`: the lease, a look around, a step.
TAKE_OVER = 10 + 0.5 + 0.25


def notes(folder, name):
    """Return what a consumer was given: (pid, room, seq), in order."""
    path = folder / name
    lines = path.read_text().splitlines() if path.exists() else []
    return [(int(pid), room, int(seq)) for pid, room, seq in map(str.split, lines)]


def given(folder, name):
    return {seq for _, room, seq in notes(folder, name) if room == "board"}


def ready(server):
    """Whether the consumers have begun: what is said before isn't their affair."""
    return requests.get(f"{server.url}/metrics", timeout=30).text.count("chatsite_consumer_lag{") == 4


def put_aside(url):
    """Return the errors of what waits for another try, by consumer; without lines."""
    with psycopg.connect(url) as database:
        rows = database.execute(
            "SELECT c.name, r.error FROM rooms_consumerretry r JOIN rooms_consumer c ON c.id = consumer_id"
        ).fetchall()
    return {name: {error.partition(":")[0] for each, error in rows if each == name} for name, _ in rows}


def test_a_dead_process_is_replaced_within_twenty_seconds():
    assert lease.LEASE_SECONDS + service.LOOK_SECONDS + service.STEP_SECONDS < 20


def test_a_killed_process_loses_nothing_and_another_one_takes_over(tmp_path, pace):
    with postgres() as url, redis() as server:
        settings = {"DATABASE_URL": url, "REDIS_URL": server.url, "NOTES": str(tmp_path)}
        with serve(tmp_path / "one", LOG_CONSUMERS, **settings) as one:
            tokens = settle(one)
            wait_for(lambda: ready(one))
            with serve(tmp_path / "other", LOG_CONSUMERS, **settings) as other:
                sender = Chatter(other, tokens["owner"])
                said = [sender.say("board")["message"]["seq"] for _ in range(5)]
                # Told by the other process: the one that runs the consumers polls each five seconds.
                took = wait_for(lambda: given(tmp_path, "handling") >= set(said))
                assert took < pace.allowed(3), pace
                assert {pid for pid, *_ in notes(tmp_path, "handling")} == {one.worker}
                said += [sender.say("board")["message"]["seq"] for _ in range(10)]
                os.kill(one.worker, signal.SIGKILL)
                one.stop(signal.SIGKILL)
                said += [sender.say("board")["message"]["seq"] for _ in range(10)]
                took = wait_for(lambda: given(tmp_path, "handling") >= set(said))
                assert took < pace.allowed(TAKE_OVER + 2), pace
                handled = [seq for pid, _, seq in notes(tmp_path, "handling") if pid == other.worker]
                assert handled == sorted(handled)
                wait_for(lambda: given(tmp_path, "hanging") >= set(said))
                wait_for(lambda: given(tmp_path, "raising") >= set(said))
                # They are put aside, whatever the handler waited for, and the connection goes on.
                wait_for(lambda: put_aside(url).get("hanging") == {f"DeadlineExceeded in {HANDLERS}"})
                assert put_aside(url).keys() == {"hanging", "raising"}
                sender.io.disconnect()
            assert "another command" not in (tmp_path / "other" / "server.log").read_text()
        with psycopg.connect(url) as database:
            # Whoever is stopped gives its leases up.
            assert database.execute("SELECT DISTINCT holder FROM rooms_consumer").fetchall() == [("",)]


def test_one_process_without_redis_does_all_that_alone(tmp_path):
    with serve(tmp_path, LOG_CONSUMERS, NOTES=str(tmp_path)) as server:
        sender = Chatter(server, settle(server)["owner"])
        wait_for(lambda: ready(server))
        began = time.monotonic()
        said = {sender.say("board")["message"]["seq"] for _ in range(3)}
        for name in ("handling", "hanging", "raising"):
            wait_for(lambda name=name: given(tmp_path, name) >= said)
        # The next poll comes after a minute.
        assert time.monotonic() - began < 30
        wait_for(lambda: 'consumer_retries{consumer="raising",state="waiting"} 3.0' in metrics(server))
        wait_for(
            lambda: 'consumer_handled_total{consumer="handling",outcome="handled"} 3.0' in metrics(server)
        )
        sender.io.disconnect()
        with closing(sqlite3.connect(tmp_path / "chat.sqlite3", isolation_level=None)) as other:
            # Whoever is stopped waits for the database to give its leases up.
            other.execute("BEGIN IMMEDIATE")
            server.process.terminate()
            time.sleep(1)
            other.execute("ROLLBACK")
        server.stop()
        assert "secret" not in server.log.read_text()
        assert "Traceback" not in server.log.read_text()
    with closing(sqlite3.connect(tmp_path / "chat.sqlite3")) as database:
        assert database.execute("SELECT DISTINCT holder FROM rooms_consumer").fetchall() == [("",)]


def metrics(server):
    return requests.get(f"{server.url}/metrics", timeout=30).text
