"""Folders made once for all processes of a test run: `once("tables", make)` returns the folder that `make` filled.

The first process that asks makes the home of all of them and removes it at its end; processes that it starts share it.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

HOME = "TESTS_MADE"


def home() -> Path:
    if HOME not in os.environ:
        os.environ[HOME] = tempfile.mkdtemp(prefix="made-")
        # PostgreSQL is another user, whose own folder is in here.
        os.chmod(os.environ[HOME], 0o711)
        atexit.register(shutil.rmtree, os.environ[HOME])
    return Path(os.environ[HOME])


def once(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder, made by the first process that asks; others wait. After a failure the next one begins anew."""
    made, unfinished = home() / name, home() / f"{name}.unfinished"
    with (home() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(made)
    return made
