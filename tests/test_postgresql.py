"""The apps' own tests once more, on PostgreSQL."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.realtime.postgres import find, postgres

ROOT = Path(__file__).resolve().parent.parent
# These ask no database.
LEFT_OUT = [
    "--ignore=tests/messaging/test_highlighting.py",
    "--ignore=tests/messaging/test_rendering.py",
    "--ignore=tests/messaging/test_slopes.py",
    "--deselect=tests/accounts/test_hashers.py::test_the_servers_loop_goes_on_while_a_password_is_hashed",
]
APPS = ["tests/accounts", "tests/messaging", "tests/rooms", "tests/pages", "tests/postgresql"]

pytestmark = pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not installed")


@pytest.mark.realtime
@pytest.mark.timeout(1200)
def test_the_apps_do_the_same_on_postgresql():
    with postgres() as url:
        environ = {**os.environ, "TEST_DATABASE_URL": url}
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
            "-m",
            "not realtime",
            *LEFT_OUT,
            *APPS,
        ]
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:]
