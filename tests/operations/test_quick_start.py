"""A second `./run` loads the site once, and does everything again as soon as anything isn't as it was."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
from contextlib import closing

import pytest
import requests

from tests.support.servers.harness import free_port

pytestmark = pytest.mark.realtime

# Written down for each process: that Python starts, and when it loads one of these modules, or a module of these packages
# (a package that is blocked has none).
MODULES = ["django.db.models", "chatsite.routing"]
PACKAGES = ["psycopg", "redis", "dns"]
WATCHER = f"""
import os, sys

def note(word):
    with open(os.environ["NOTES"], "a") as file:
        file.write(f"{{os.getpid()}} {{word}}\\n")

def watch(event, arguments):
    if event != "import":
        return
    package, dot, _ = arguments[0].partition(".")
    if arguments[0] in {MODULES}:
        note(arguments[0])
    elif dot and package in {PACKAGES}:
        note(package)

note("python")
sys.addaudithook(watch)
"""

ASK = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "chatsite.settings"
{first}
from chatsite.operations import quick_start
print(quick_start.is_ready(), "django.db.models" in sys.modules)
"""
MARK = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "chatsite.settings"
from rooms.log import marker_file
marker_file.write({position})
"""


@pytest.fixture(scope="module")
def site(checkout):
    """Started once, with an account, and stopped."""
    server = checkout.start()
    assert server.set_up(requests.Session()).status_code == 200
    server.stop()
    return checkout


@pytest.fixture
def data(site, tmp_path):
    """A copy of its data, as if it had been made there."""
    shutil.copytree(site.folder / "data", tmp_path / "data")
    mark(site, tmp_path / "data")
    return tmp_path / "data"


def mark(site, data, beyond=0):
    """Note that the log has come as far as it has, or further."""
    position = change(data, "SELECT MAX(id) FROM rooms_event")
    python(site, MARK.format(position=position + beyond), DATA_DIR=str(data))


def python(site, script, **environ):
    done = subprocess.run(
        [site.folder / ".venv" / "bin" / "python", "-c", script],
        cwd=site.folder,
        env=site.environ(**environ),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_ready(site, data, first="", **environ):
    """Whether a start has nothing to do but to serve; it is known without Django's models, either way."""
    environ = {"PORT": str(free_port()), "DATA_DIR": str(data), **environ}
    ready, models = python(site, ASK.format(first=first), **environ).split()
    assert models == "False"
    return ready == "True"


def change(data, statement):
    """Run a statement on the stopped site's database; return the first value, if any."""
    with closing(sqlite3.connect(data / "chat.sqlite3")) as database, database:
        return (database.execute(statement).fetchone() or [None])[0]


def start(site, tmp_path, **environ):
    """Start the site; return the server, and the processes in which each watched thing happened."""
    (tmp_path / "sitecustomize.py").write_text(WATCHER)
    notes = tmp_path / "notes"
    server = site.start(PYTHONPATH=str(tmp_path), NOTES=str(notes), **environ)
    assert requests.get(f"{server.url}/login").status_code == 200
    happened = {}
    for line in notes.read_text().splitlines():
        pid, _, word = line.partition(" ")
        happened.setdefault(word, []).append(int(pid))
    return server, happened


def test_the_second_start_loads_the_site_once(site, tmp_path):
    server, happened = start(site, tmp_path)
    server.stop()
    # The look whether there is something to do, and gunicorn in its place, whose worker loads the site.
    assert len(happened["python"]) == 2
    assert set(happened["python"]) == {server.process.pid}
    for name in MODULES:
        assert len(happened[name]) == 1, happened
        assert happened[name] != [server.process.pid]
    assert not set(PACKAGES) & happened.keys()


def test_a_site_that_looks_names_up_does_so_beside_the_loop(site, tmp_path):
    server, happened = start(site, tmp_path, EMAIL_URL="smtp://mail.invalid:25")
    server.stop()
    assert "dns" in happened


def test_nothing_is_to_be_done(site, data):
    assert is_ready(site, data)
    assert is_ready(site, data)


@pytest.mark.parametrize("name", ["start.stamp", "static.stamp", "static", "log.marker", "chat.sqlite3"])
def test_a_file_is_gone(site, data, name):
    (data / name).rename(data / "gone")
    assert not is_ready(site, data)
    assert not (data / name).exists()


@pytest.mark.parametrize("name", ["start.stamp", "static.stamp", "log.marker", "chat.sqlite3"])
def test_a_file_is_damaged(site, data, name):
    for more in data.glob("chat.sqlite3-*"):
        more.unlink()
    (data / name).write_text("x")
    assert not is_ready(site, data)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM django_migrations WHERE id = (SELECT MAX(id) FROM django_migrations)",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('rooms', '9999_newer', '2030-01-01')",
        "UPDATE django_migrations SET name = '0000_other' WHERE app = 'rooms'",
        "DROP TABLE django_migrations",
        "DELETE FROM push_vapidkey",
        "DELETE FROM accounts_user",
    ],
)
def test_the_database_is_another(site, data, statement):
    change(data, "PRAGMA foreign_keys = OFF")
    change(data, statement)
    assert not is_ready(site, data)


def test_the_database_is_an_older_copy(site, data):
    mark(site, data, beyond=1)
    assert not is_ready(site, data)
    mark(site, data)
    assert is_ready(site, data)


def test_the_folder_was_copied(site, data):
    shutil.copytree(data, data.with_name("copy"))
    assert not is_ready(site, data.with_name("copy"))


def test_a_setting_names_another_database(site, data):
    assert not is_ready(site, data, DATABASE_URL="sqlite:///elsewhere.sqlite3")
    assert not (site.folder / "elsewhere.sqlite3").exists()
    assert not is_ready(site, data, DATABASE_URL="postgres://nobody@127.0.0.1:1/none")


def test_a_setting_is_wrong(site, data):
    assert not is_ready(site, data, SECRET_KEY="short")
    assert not is_ready(site, data, PORT="http")


def test_the_port_is_taken(site, data):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not is_ready(site, data, PORT=str(taken.getsockname()[1]))


def test_the_code_is_another(site, data):
    """A newer version, or an older one again."""
    added = site.folder / "rooms" / "migrations" / "9999_newer.py"
    added.write_text("")
    assert not is_ready(site, data)
    added.unlink()
    assert is_ready(site, data)
    last = sorted((site.folder / "rooms" / "migrations").glob("0*.py"))[-1]
    text = last.read_text()
    last.write_text(f"{text}\n# changed\n")
    assert not is_ready(site, data)
    last.unlink()
    assert not is_ready(site, data)
    last.write_text(text)
    assert is_ready(site, data)


def test_the_packages_are_others(site, data, tmp_path):
    elsewhere = f"import django; django.__file__ = {str(tmp_path / 'django' / '__init__.py')!r}"
    assert not is_ready(site, data, first=elsewhere)


def test_static_files_are_others(site, data):
    sheet = site.folder / "static" / "css" / "base.css"
    then = sheet.stat()
    sheet.write_text(sheet.read_text())
    assert not is_ready(site, data)
    os.utime(sheet, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert is_ready(site, data)


def test_an_older_database_that_is_put_back_is_migrated(site, data, tmp_path):
    """With its own folder, as a start writes there."""
    names = "SELECT COUNT(*) FROM django_migrations"
    newest = change(data, names)
    earlier = sorted((site.folder / "notifications" / "migrations").glob("0*.py"))[-2].stem
    environ = {"DATA_DIR": str(data)}
    assert site.run("manage", "migrate", "notifications", earlier, **environ).returncode == 0
    assert change(data, names) < newest
    for _ in range(2):
        server, happened = start(site, tmp_path, **environ)
        server.stop()
        assert change(data, names) == newest
        (tmp_path / "notes").unlink()
    # The second of them found nothing to do.
    assert len(happened["django.db.models"]) == 1
    assert json.loads((data / "log.marker").read_text())["position"] > 0
