"""The apps' own tests once more, on PostgreSQL: a part in each test, so that several run at once."""

import os
import subprocess
import sys

import pytest

from tests.support import ROOT
from tests.support.servers.database_templates import migrate
from tests.support.servers.harness import site_environ
from tests.support.servers.postgres import find, postgres

PARTS = {
    "accounts": ["tests/accounts"],
    "messaging": ["tests/messaging", "tests/previews"],
    "rooms": ["tests/rooms", "tests/files/test_listing.py"],
    # Of REST, each app's own tests; what may be kept in a cache, an address says whatever the database.
    "attention, web and database": [
        "--ignore=tests/web/rest",
        "--ignore=tests/web/test_caching.py",
        "tests/drafts",
        "tests/notifications",
        "tests/push",
        "tests/web",
        "tests/database/test_hooks.py",
        "tests/database/test_postgresql_processes.py",
        "tests/database/test_prepared.py",
    ],
}

pytestmark = pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not installed")


@pytest.mark.realtime
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", PARTS)
def test_the_apps_do_the_same_on_postgresql(part, tmp_path):
    with postgres() as url:
        migrate(tmp_path, site_environ(tmp_path, 1, DATABASE_URL=url))
        environ = {**os.environ, "TEST_DATABASE_URL": url, "TEST_DATABASE_TEMPLATE": url.rpartition("/")[2]}
        for name in ("PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST", "PYTEST_ADDOPTS"):
            environ.pop(name, None)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            # Loading it takes a third of a second, and no part asks for it.
            "-p",
            "no:schemathesis",
            "-m",
            "not realtime",
            *PARTS[part],
        ]
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:]
