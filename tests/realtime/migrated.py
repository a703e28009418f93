"""A site's tables. `manage.py migrate` makes them once in a process of tests, for each engine; the others are copies."""

import atexit
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]
# Templates, once there are any: a database of SQLite, a script for psql.
_made: dict[str, Path] = {}


def migrate(folder: Path, environ: dict[str, str]) -> None:
    url, file = environ["DATABASE_URL"], folder / "chat.sqlite3"
    if url == f"sqlite:///{file}" and not file.exists():
        migrate_file(file, environ)
    elif url.startswith("postgres") and programs():
        migrate_postgresql(url, environ)
    else:
        run(environ)


def run(environ: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"]
    subprocess.run(command, cwd=ROOT, env=environ, check=True)


def migrate_file(file: Path, environ: dict[str, str]) -> None:
    if "sqlite" in _made:
        shutil.copy(_made["sqlite"], file)
        return
    run(environ)
    _made["sqlite"] = Path(shutil.copy(file, scratch()))


def migrate_postgresql(url: str, environ: dict[str, str]) -> None:
    """Another server of the same site finds its tables, which are of this version."""
    dump, play = programs()
    if has_tables(url):
        return
    if "postgresql" in _made:
        script = ["-q", "-v", "ON_ERROR_STOP=1", "-f", str(_made["postgresql"])]
        subprocess.run([play, *script, "-d", url], check=True, stdout=subprocess.DEVNULL)
        return
    run(environ)
    script = scratch() / "tables.sql"
    subprocess.run([dump, "-f", str(script), "-d", url], check=True)
    _made["postgresql"] = script


def programs() -> list[str]:
    """pg_dump and psql, or nothing."""
    from tests.realtime.postgres import find

    found = [find(name) for name in ("pg_dump", "psql")]
    return [program for program in found if program] if all(found) else []


def has_tables(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()
        return bool(row and row[0])


def scratch() -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    return folder
