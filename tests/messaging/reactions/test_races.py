"""Fifty people react to one message at once, in four processes on one file of SQLite."""

import subprocess
import sys

from tests.support import ROOT
from tests.support.servers.database_templates import migrate
from tests.support.servers.harness import site_environ


def test_processes_that_react_at_once_lose_and_double_nothing(tmp_path):
    environ = site_environ(tmp_path, 1)
    migrate(tmp_path, environ)
    command = [sys.executable, "-m", "tests.support.reaction_race"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
