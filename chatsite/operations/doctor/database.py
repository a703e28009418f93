"""Check the database: reachable, durable, migrated, and queried without blocking the server."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from chatsite.operations.backup import history
from chatsite.operations.doctor.findings import Findings, first_line, note, ok, wrong

MIN_POSTGRESQL_VERSION = 13


def usable() -> bool:
    try:
        # Connecting would create SQLite's file.
        if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
            return False
        connection.ensure_connection()
    except DatabaseError:
        return False
    return True


def reachable() -> Findings:
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        yield note("database", "There is none yet.", "./run makes it.")
        return
    began = time.monotonic()
    try:
        query_value("SELECT 1")
    except DatabaseError as error:
        yield wrong(
            "database",
            f"It can't be used: {first_line(error)}",
            "Look at DATABASE_URL and at the database's log.",
        )
        return
    took = (time.monotonic() - began) * 1000
    yield ok("database", f"{name()} answers in {took:.0f} ms.")
    yield from postgresql() if connection.vendor == "postgresql" else sqlite()


def query_value(statement: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()[0]


def name() -> str:
    if connection.vendor == "sqlite":
        return f"SQLite {query_value('SELECT sqlite_version()')}"
    return f"PostgreSQL {query_value('SHOW server_version')}"


def sqlite() -> Findings:
    if query_value("PRAGMA journal_mode") != "wal":
        yield wrong(
            "database",
            "SQLite can't use its write-ahead log here: a reader holds up every writer.",
            "Put DATA_DIR on a disk of this machine, not on a network's.",
        )


def postgresql() -> Findings:
    version = query_value("SHOW server_version_num")
    if int(version) < MIN_POSTGRESQL_VERSION * 10_000:
        yield wrong("database", f"PostgreSQL is older than {MIN_POSTGRESQL_VERSION}.", "Upgrade it.")
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        if query_value(f"SHOW {setting}") == "off":
            yield wrong(
                "database",
                f"{setting} is off: a crash can lose messages that were acknowledged.",
                f"Set {setting} = on in postgresql.conf.",
            )
    host = connection.settings_dict["HOST"]
    encrypted = query_value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    if not encrypted and query_value("SELECT inet_server_addr() <> inet_client_addr()"):
        yield note(
            "database",
            f"What goes to {host} isn't encrypted.",
            "Add ?sslmode=require to DATABASE_URL, unless the network between is yours alone.",
        )


def driver() -> Findings:
    """Check that a waiting query doesn't block the event loop, in a process that is patched like the worker."""
    if connection.vendor == "sqlite":
        yield ok("driver", "SQLite's commits run in a thread of their own.")
        return
    command = [sys.executable, "-m", "chatsite.operations.doctor.driver"]
    done = subprocess.run(  # noqa: S603 (our own interpreter)
        command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=30
    )
    if done.returncode:
        yield wrong(
            "driver",
            f"It fails in the server: {done.stderr.strip().splitlines()[-1]}",
            "./run test tells more.",
        )
        return
    said = json.loads(done.stdout)
    # A blocking driver allows one turn or none; on a busy machine turns are merely fewer.
    if said["turns"] < said["due"] / 5:
        yield wrong(
            "driver",
            f"A query of {said['seconds']} s holds up everybody: {said['turns']} turns of {said['due']}.",
            "Install the pinned requirements again: rm -r .venv, then ./run.",
        )
    else:
        yield ok("driver", "While a query waits, the server serves others.")


def migrations() -> Findings:
    strange = history.unknown(history.applied())
    if strange:
        yield wrong(
            "migrations",
            f"The database is of a newer version, which has {strange[0]}.",
            "Use that version of the program, or restore a backup from before.",
        )
        return
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        yield wrong(
            "migrations",
            f"{len(plan)} are to be applied, {plan[0][0]} first.",
            "./run does it when it starts.",
        )
    else:
        yield ok("migrations", "All are applied.")
