"""The cast: an owner, a member, a stranger; and nobody, who is `client`."""

import gc
import hashlib
import os
import resource
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.models.signals import post_migrate
from hypothesis import HealthCheck, settings
from rest_framework.test import APIClient

from accounts.presence import idle, visibility
from files.models import Blob, File
from files.storage import local
from tests.support.quick_cast import person, room_of
from tests.support.run import made_once, marks, xdist_order
from tests.support.servers import database_templates, harness

pytest_plugins = ["tests.support.fixtures"]
# tests/settings.py set it, and eventlet has been imported by now.
os.environ.pop("EVENTLET_NO_GREENDNS", None)
# tests/database/test_apps_on_postgresql.py runs tests that ask the database once more. What only several connections show is
# run by it alone: SQLite in memory has one.
ON_POSTGRESQL = bool(os.environ.get("TEST_DATABASE_URL"))
collect_ignore_glob = [] if ON_POSTGRESQL else ["**/test_postgresql_*.py"]

# By default Hypothesis fails an example of more than 0.2 s, which a busy machine exceeds. Its examples are the same in each
# run, so that a check which passed passes again; `--hypothesis-profile exploring` draws others.
for profile, derandomize in (("tests", True), ("exploring", False)):
    settings.register_profile(
        profile, derandomize=derandomize, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile("tests")


def pytest_configure(config):
    """Raise the limit of open files to its maximum, as the server does: a crowd is thousands of sockets, and many a shell
    gives a thousand. Make the home of `made_once` before there are workers."""
    made_once.home()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def pytest_collectstart():
    """Stop the garbage collector while tests are collected: all that is made stays, and a sixth of the time is saved."""
    gc.disable()


def pytest_collection_finish():
    """Freeze everything imported by now, which the garbage collector would look through again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    marks.running = {mark.name for mark in item.iter_markers()}


def make_general(**details):
    """Make the room of the migrations again after a test emptied the database."""
    import_module("rooms.migrations.0002_general").make_general(apps, None)


post_migrate.connect(make_general, sender=apps.get_app_config("rooms"))


def delete_rows(self, style, tables, *, reset_sequences=False, allow_cascade=False):
    """Empty PostgreSQL's tables of a test: TRUNCATE makes new files for each table and each of its indexes."""
    if not tables:
        return []
    names = [self.quote_name(name) for name in tables]
    # Without foreign keys, which would want an order.
    return [
        "SET session_replication_role = replica",
        *(f"DELETE FROM {name}" for name in names),
        "SET session_replication_role = DEFAULT",
    ]


if ON_POSTGRESQL:
    DatabaseOperations.sql_flush = delete_rows


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return xdist_order.ByFile(config, log) if config.option.dist == "load" else None


# After pytest-django, which puts tests that empty the database behind those that need what migrations put there.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if ON_POSTGRESQL:
        kept = first_of_each([item for item in items if asks_database(item)])
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept
    if hasattr(config, "workerinput"):
        xdist_order.order(items)


def first_of_each(items):
    """Keep each test with its first parameters: other input isn't where the engines differ. What runs on PostgreSQL alone
    keeps them all."""
    kept = {which_test(item): item for item in reversed(items)}
    return list(kept.values())[::-1]


def which_test(item):
    return item.nodeid if "test_postgresql_" in item.path.name else (item.path, item.cls, item.originalname)


def asks_database(item):
    return bool(item.get_closest_marker("django_db") or {"db", "transactional_db"} & set(item.fixturenames))


@pytest.fixture
def one_window():
    """Let the clock stand: nothing that is counted by the hour or by five minutes begins anew in the midst of a test, and
    no day ends."""
    with time_machine.travel(datetime.now(UTC), tick=False):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request, tmp_path_factory, django_db_modify_db_settings_parallel_suffix):
    """Workers copy the tables that servers copy as well: migrating takes each of them seconds."""
    if ON_POSTGRESQL or not hasattr(request.config, "workerinput"):
        yield
        return
    file = database_templates.sqlite(harness.site_environ(tmp_path_factory.mktemp("tables"), 1))
    memory = sqlite3.connect(connection.creation._get_test_db_name(), uri=True)
    # It lasts while somebody is connected.
    with closing(memory):
        with closing(sqlite3.connect(file)) as tables:
            tables.backup(memory)
        connection.settings_dict["TEST"]["MIGRATE"] = False
        yield


@pytest.fixture(autouse=True)
def fresh_limits():
    """Clear the attempt limits: the next test's people have the same ids."""
    cache.clear()


@pytest.fixture(autouse=True)
def nobody_steers(monkeypatch):
    """Forget who is invisible or idle, as the next test's people have the same ids."""
    known = visibility.Registry()
    known.loaded = True
    monkeypatch.setattr(visibility, "known", known)
    monkeypatch.setattr(idle, "state", idle.State())


@pytest.fixture
def make_person(db):
    """Make a person beyond the cast."""
    return person


@pytest.fixture
def owner(db):
    return person("owner")


@pytest.fixture
def member(db):
    return person("member")


@pytest.fixture
def stranger(db):
    return person("stranger")


@pytest.fixture
def uploads(settings, tmp_path):
    """The folder of uploads, for this test alone."""
    settings.MEDIA_ROOT = tmp_path / "uploads"
    return settings.MEDIA_ROOT


@pytest.fixture
def upload(db, uploads):
    """`upload(owner, room)` is a file that is stored, which no message has yet."""

    def upload(owner, room, name="note.txt", data=b"some words", **values):
        about = {"type": "text/plain", "kind": "text", "inline": False, **values}
        blob = Blob.objects.create(size=len(data), sha256=hashlib.sha256(data).hexdigest(), **about)
        with local.incoming() as file:
            file.write(data)
            local.keep(file, blob.key)
        return File.of(blob, owner=owner, room=room, name=name)

    return upload


@pytest.fixture
def api():
    """`api(user)` is a client of the REST doors, logged in as that user."""

    def api(user):
        client = APIClient()
        client.force_authenticate(user)
        return client

    return api


@pytest.fixture
def client_of(client):
    def client_of(user):
        client.force_login(user)
        return client

    return client_of


@pytest.fixture
def private_room(owner, member):
    """A private room of the owner and the member; the stranger knows nothing of it. Its address is one that tests can write
    down; others have a random tail."""
    return room_of(owner, member, "Board", kind="private")


@pytest.fixture
def public_room(owner, member):
    return room_of(owner, member, "Lobby")
