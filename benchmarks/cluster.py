"""Start a temporary PostgreSQL for the run, with Debian's defaults and fsync on."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import processes, programs


class Cluster:
    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    @property
    def pid(self) -> int:
        return self.process.pid

    def checkpoint(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")

    @property
    def url(self) -> str:
        return f"postgresql://bench@127.0.0.1:{self.port}/postgres"


def as_postgres() -> dict[str, Any]:
    """Return `subprocess` options that drop root, as which PostgreSQL refuses to run."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


@contextmanager
def postgresql() -> Iterator[Cluster]:
    programs_folder = programs.postgres_bin()
    assert programs_folder is not None
    folder = Path(tempfile.mkdtemp(prefix="bench-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **as_postgres()}
    data, port = folder / "data", processes.free_port()
    command: list[str | Path] = [
        programs_folder / "initdb",
        "-D",
        data,
        "-U",
        "bench",
        "-A",
        "trust",
        "-E",
        "UTF8",
    ]
    subprocess.run(command, check=True, **quiet)
    command = [programs_folder / "postgres", "-D", data, "-k", folder, "-h", "127.0.0.1", "-p", str(port)]
    cluster = Cluster(subprocess.Popen(command, **quiet), port)
    try:
        wait_ready(cluster)
        yield cluster
    finally:
        processes.stop(cluster.process, signal.SIGINT)
        shutil.rmtree(folder, ignore_errors=True)


def wait_ready(cluster: Cluster) -> None:
    for _ in range(200):
        try:
            psycopg.connect(cluster.url).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise RuntimeError("PostgreSQL did not start.")
