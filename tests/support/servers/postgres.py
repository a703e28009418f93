"""A PostgreSQL of its own in a temporary folder, where it is installed: `with postgres() as url`."""

import os
import pwd
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

from tests.support.run import made_once, marks
from tests.support.servers.harness import READY, STOP, free_port


def find(program: str) -> str | None:
    """Debian keeps the server's programs out of PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)
    return shutil.which(program) or (str(versions[0]) if versions else None)


def as_nobody() -> dict[str, int]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid():
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid}


# What it saves a processor: nothing survives a crash, dead rows stay for the minutes of a test, and nobody can follow it.
QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": 0,
}


class Postgres:
    """One server in a temporary folder. As quick as it can be, or `kept`: as it is shipped, so that what it acknowledges
    is on the disk. After a stop, `start` goes on at the same port."""

    def __init__(self, connections: int = 100, kept: bool = False) -> None:
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="postgres-")), free_port()
        self._who = as_nobody()
        self._process: subprocess.Popen[bytes] | None = None
        self._options: dict[str, str | int] = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": connections,
            **({} if kept else QUICK),
        }

    @property
    def url(self) -> str:
        return f"postgres://chat@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        marks.check_marked()
        if self._who:
            os.chown(self.folder, self._who["user"], self._who["group"])
        subprocess.run(["cp", "-a", made_once.once("initdb", initialise) / "data", self.folder], check=True)

    def start(self) -> None:
        server = find("postgres")
        assert server
        arguments = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        run = [server, "-D", str(self.folder / "data"), *arguments]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(run, stdout=log, stderr=log, cwd="/", **self._who)
        wait_ready(self.port)

    def stop(self, number: int = signal.SIGINT) -> None:
        """SIGINT ends all connections first; SIGQUIT is as if it had crashed."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(STOP)
            self._process = None

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, connect_timeout=30) as connection:
            return connection.execute(query, values).fetchall()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)


def initialise(folder: Path) -> None:
    who = as_nobody()
    if who:
        os.chown(folder, who["user"], who["group"])
    initdb = find("initdb")
    assert initdb
    make = [initdb, "-D", str(folder / "data"), "-U", "chat", "-A", "trust", "-N"]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd="/", **who)


@contextmanager
def postgres(connections: int = 100) -> Iterator[str]:
    """The address for DATABASE_URL of one that keeps nothing."""
    server = Postgres(connections)
    try:
        server.make()
        server.start()
        yield server.url
    finally:
        server.remove()


def wait_ready(port: int) -> None:
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="chat", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise AssertionError("PostgreSQL did not start")
