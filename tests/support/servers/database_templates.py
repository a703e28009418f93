"""A site's tables. `manage.py migrate` makes them once in a run of the tests, for each engine; the others are copies."""

import shutil
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.support import ROOT
from tests.support.run import made_once

FILE, SCRIPT = "chat.sqlite3", "tables.sql"


def migrate(folder: Path, environ: dict[str, str]) -> None:
    url, file = environ["DATABASE_URL"], folder / FILE
    if url == f"sqlite:///{file}" and not file.exists():
        shutil.copy(sqlite(environ), file)
    elif url.startswith("postgres") and programs():
        copy_tables(url, environ)
    else:
        run(environ)


def run(environ: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"]
    subprocess.run(command, cwd=ROOT, env=environ, check=True)


def sqlite(environ: dict[str, str]) -> Path:
    """Return the file that the others are copies of; `environ` is a site's."""

    def make(folder: Path) -> None:
        run({**environ, "DATABASE_URL": f"sqlite:///{folder / FILE}"})

    return made_once.once("sqlite", make) / FILE


def copy_tables(url: str, environ: dict[str, str]) -> None:
    """Another server of the same site finds its tables, which are of this version; so does who made the script just now."""
    dump, play = programs()

    def make(folder: Path) -> None:
        run(environ)
        subprocess.run([dump, "-f", str(folder / SCRIPT), "-d", url], check=True)

    if has_tables(url):
        return
    script = made_once.once("postgresql", make) / SCRIPT
    if not has_tables(url):
        command = [play, "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script), "-d", url]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def programs() -> list[str]:
    """pg_dump and psql, or nothing."""
    from tests.support.servers.postgres import find

    found = [find(name) for name in ("pg_dump", "psql")]
    return [program for program in found if program] if all(found) else []


def has_tables(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()
        return bool(row and row[0])
