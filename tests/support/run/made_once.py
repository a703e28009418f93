"""What a run of the tests makes once for all of its processes: `once("tables", make)` is the folder that `make` filled.

The first process that asks for a home has one, which goes when that process ends; those that it starts share it.
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
    """Others wait while one makes it; where that failed, the next begins anew."""
    made, unfinished = home() / name, home() / f"{name}.unfinished"
    with (home() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(made)
    return made
