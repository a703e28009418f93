"""A small disk that can be filled: `with Disk(folder) as disk: disk.fill(worker); disk.free()`.

Root gets a file system of a few MB. Anybody else, whose program may not mount one, a limit on what the worker writes to
files, which SQLite can't tell from a full disk.
"""

import os
import resource
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path
from random import Random
from typing import Self

from tests.chaos.stage import Stage
from tests.chaos.strains import Strain
from tests.support.run.waiting import wait_for

SIZE = 16 * 1024 * 1024


class Disk:
    def __init__(self, folder: Path) -> None:
        self.folder, self.filler = folder, folder / "filler"
        self.mounted = False

    def __enter__(self) -> Self:
        mount = ["-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(self.folder)]
        program = shutil.which("mount")
        self.mounted = bool(program) and not subprocess.run([program, *mount], capture_output=True).returncode
        return self

    def __exit__(self, *error: object) -> None:
        if self.mounted:
            # Processes of the site may end a moment after it.
            wait_for(
                lambda: subprocess.run(["umount", str(self.folder)], capture_output=True).returncode == 0
            )

    def fill(self, worker: int) -> None:
        if not self.mounted:
            limit(worker, 0)
            return
        empty_log(self.folder / "chat.sqlite3")
        file = os.open(self.filler, os.O_CREAT | os.O_WRONLY)
        try:
            while True:
                os.write(file, bytes(4096))
        except OSError:
            os.close(file)

    def free(self, worker: int) -> None:
        if self.mounted:
            self.filler.unlink()
        else:
            limit(worker)


def empty_log(database: Path) -> None:
    """SQLite would go on writing into the room that its log has already."""
    with sqlite3.connect(database, timeout=10) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def limit(worker: int, size: int | None = None) -> None:
    """The soft one, which may be raised again: to the hard one."""
    _, hard = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


class Full(Strain):
    def __init__(self, disk: Disk) -> None:
        self.disk = disk

    def bear(self, stage: Stage, seconds: float, chance: Random) -> None:
        self.disk.fill(stage.workers[0])
        time.sleep(seconds)
        self.disk.free(stage.workers[0])
