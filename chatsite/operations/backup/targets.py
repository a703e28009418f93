"""Targets of a restore: a new SQLite file, or the tables of a PostgreSQL database in one transaction."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection, connections, transaction

IN_USE = "The database is in use: stop the server first."
# The longest wait for transactions of others.
LOCK_TIMEOUT = "10s"
# Fast and unsafe: the new file is synced once, when it is complete.
RESTORE_PRAGMAS = "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"


@contextmanager
def sqlite_file(path: Path) -> Iterator[None]:
    """Make the new file `path` the default database within the block."""
    wanted = {
        "default": {
            "ENGINE": "chatsite.database.sqlite",
            "NAME": str(path),
            "OPTIONS": {"init_command": RESTORE_PRAGMAS},
        }
    }
    before = connections.settings["default"]
    connection.close()
    use_database(connections.configure_settings(wanted)["default"])
    try:
        yield
    finally:
        connection.close()
        use_database(before)


def use_database(database: dict[str, object]) -> None:
    """Change the default database of this process, as migrations and models refer to it by that name."""
    connections.settings["default"] = database
    if hasattr(connections._connections, "default"):  # type: ignore[attr-defined]
        del connections["default"]


@contextmanager
def replaced_file(path: Path) -> Iterator[None]:
    """Make a new SQLite file the default database within the block, and move it to `path` afterwards."""
    fresh = path.with_name(path.name + ".restoring")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh.unlink(missing_ok=True)
    try:
        with exclusively_locked(path):
            with sqlite_file(fresh):
                yield
            match_owner(fresh, path if path.exists() else path.parent)
            sync(fresh)
            for suffix in ("-wal", "-shm", "-journal"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            fresh.replace(path)
            sync(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def exclusively_locked(path: Path) -> Iterator[None]:
    """Keep others from opening the SQLite file within the block. Leaving WAL mode needs the only connection, so it fails
    if the server runs."""
    if not path.exists():
        yield
        return
    lock = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        lock_exclusively(lock)
        yield
    finally:
        lock.close()


def lock_exclusively(lock: sqlite3.Connection) -> None:
    try:
        lock.execute("PRAGMA journal_mode=DELETE")
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise CommandError(IN_USE) from error
        raise CommandError(f"The database can't be replaced: {error}") from error
    except sqlite3.DatabaseError:
        # The file is no database: probably why somebody restores.
        pass


def match_owner(fresh: Path, like: Path) -> None:
    """Give the new file mode 600 and, for root, the owner of `like`: the server's user must be able to write it."""
    fresh.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(fresh, like.stat().st_uid, like.stat().st_gid)


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def replaced_tables() -> Iterator[None]:
    """Drop PostgreSQL's tables of ours, run the block and commit, all in one transaction."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            # A migration can't alter a table with deferred checks.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            if tables := our_tables():
                names = ", ".join(map(connection.ops.quote_name, tables))
                cursor.execute(f"DROP TABLE {names} CASCADE")
        yield


def our_tables() -> list[str]:
    """List our apps' tables, of this and of any other version."""
    models = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    ours = tuple(
        f"{app.label}_" for app in apps.get_app_configs() if Path(app.path).is_relative_to(settings.BASE_DIR)
    )
    names = connection.introspection.table_names()
    return [name for name in names if name in models | {"django_migrations"} or name.startswith(ours)]
