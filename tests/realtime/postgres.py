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

import psycopg

from tests.realtime.harness import free_port


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


@contextmanager
def postgres(connections: int = 100) -> Iterator[str]:
    """Its address for DATABASE_URL. It is as quick as it can be and keeps nothing."""
    folder, port, who = Path(tempfile.mkdtemp(prefix="postgres-")), free_port(), as_nobody()
    if who:
        os.chown(folder, who["user"], who["group"])
    initdb, server = find("initdb"), find("postgres")
    assert initdb
    assert server
    make = [initdb, "-D", str(folder / "data"), "-U", "chat", "-A", "trust", "-N"]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd="/", **who)
    options = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": connections,
        "fsync": "off",
        "full_page_writes": "off",
    }
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        run = [server, "-D", str(folder / "data"), *arguments]
        process = subprocess.Popen(run, stdout=log, stderr=log, cwd="/", **who)
    try:
        wait_ready(port)
        yield f"postgres://chat@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(10)
        shutil.rmtree(folder)


def wait_ready(port: int) -> None:
    for _ in range(200):
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="chat", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise AssertionError("PostgreSQL did not start")
