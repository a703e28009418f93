"""A start that has nothing to do, seen without loading Django: the database's driver and the files tell.

Loading the site takes most of a start's seconds, and the server's process does it anyway. So `manage.py serve`, which brings
everything up to date, is left out where each thing that it would look at is as it must be. Whatever isn't, or can't be told,
is left to it.

That no migration is due is known from a stamp in DATA_DIR: a hash of the code that decides it, and of what is applied in
the database. A start that found nothing to migrate writes it; another version, or another database, has another hash.
"""

import hashlib
import signal
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from chatsite.operations import startup
from rooms.log import marker_file

# What is applied, and then: how far the log has come, whether there is the key of web push, and an account.
APPLIED = "SELECT app, name FROM django_migrations"
STATE = (
    "SELECT (SELECT MAX(id) FROM rooms_event), EXISTS (SELECT 1 FROM push_vapidkey WHERE id = 1),"
    " EXISTS (SELECT 1 FROM accounts_user)"
)
# As for statements of the server (`chatsite.database.postgresql`).
LOCK_TIMEOUT = "SET lock_timeout = 5000"


def serve() -> None:
    """Become the server if there is nothing to do first; else return."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if is_ready():
        startup.serve(startup.greeting())


def is_ready() -> bool:
    """Return whether a start has nothing to do, and nothing to say."""
    try:
        # Read before the code is loaded: if that changes meanwhile, the stamp is the old one's.
        code_fingerprint()
        startup.check_port()
        startup.check_data_dir()
        return startup.is_collected(startup.static_fingerprint()) and database_is_current()
    except Exception:
        # The start that does all steps will come to the same, and says what it is.
        return False


def database_is_current() -> bool:
    with closing(connected()) as connection:
        applied = connection.execute(APPLIED).fetchall()
        if stamp_path().read_text() != stamp(applied):
            return False
        position, has_key, has_account = connection.execute(STATE).fetchone()
    if not has_key or not has_account or marker_file.is_copy(position or 0, vendor()):
        return False
    marker_file.write(position or 0)
    return True


def vendor() -> str:
    return str(settings.DATABASES["default"]["ENGINE"]).rpartition(".")[2]


def connected() -> Any:
    """Connect to the database, which must be there."""
    config = settings.DATABASES["default"]
    if vendor() == "sqlite":
        address = Path(config["NAME"]).absolute().as_uri()
        return sqlite3.connect(f"{address}?mode=rw", uri=True, timeout=config["OPTIONS"]["timeout"])
    import psycopg

    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    login = {ours: config[name] for name, ours in names.items() if config.get(name)}
    connection = psycopg.connect(**login, **config["OPTIONS"])
    connection.execute(LOCK_TIMEOUT)
    return connection


def stamp_path() -> Path:
    return Path(settings.DATA_DIR) / "start.stamp"


def write_stamp(applied: Iterable[tuple[str, str]]) -> None:
    """Note that with these migrations applied nothing is to be migrated. Without it the next start looks by itself."""
    with suppress(OSError):
        stamp_path().write_text(stamp(applied))


def stamp(applied: Iterable[tuple[str, str]]) -> str:
    return hashlib.sha256(repr((code_fingerprint(), sorted(map(tuple, applied)))).encode()).hexdigest()


@cache
def code_fingerprint() -> str:
    """Hash what decides which migrations are due: Python, the installed packages, the apps and their migrations."""
    packages = Path(django.__file__).parent.parent
    parts = [sys.version, str(packages), packages.stat().st_mtime_ns, settings.INSTALLED_APPS]
    for app in settings.INSTALLED_APPS:
        # Those of packages are told by the folder of packages, in which an installation makes and removes names.
        files = Path(settings.BASE_DIR, *app.split("."), "migrations").glob("*.py")
        parts += [(str(path), path.read_bytes()) for path in sorted(files)]
    return hashlib.sha256(repr(parts).encode()).hexdigest()
