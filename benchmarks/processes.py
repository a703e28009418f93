"""Read CPU and memory of a process tree, reserve ports, stop processes."""

import fcntl
import os
import secrets
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

TICK = 1 / os.sysconf("SC_CLK_TCK")
# Ports that this process has reserved.
_reserved: set[int] = set()


def tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from tree(int(child))


def cpu_seconds(pid: int) -> float:
    """Sum user and system time of the tree, including ended children."""
    return sum(map(_cpu_of, tree(pid)))


def _cpu_of(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) * TICK


def memory_bytes(pid: int) -> int:
    """Sum the proportional set size of the tree: a page that two processes share counts once."""
    return sum(map(_memory_of, tree(pid)))


def _memory_of(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


def free_port() -> int:
    """Reserve a free port until this process ends, as a server listens on it only a second or two later.

    It is below the kernel's range for outgoing connections, one of which could take it meanwhile.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        if port not in _reserved and reserve(port) and can_be_bound(port):
            return port


def reserve(port: int) -> bool:
    """Lock the byte of that number in a shared, empty file; the lock ends with the process. False if it is taken."""
    try:
        fcntl.lockf(reservations_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    # The kernel would grant the lock again to the process that has it.
    _reserved.add(port)
    return True


@cache
def reservations_file() -> int:
    """Open the file once and never close it: closing any of its descriptors would release all locks."""
    path = Path(tempfile.gettempdir(), f"chatsite-ports-{os.getuid()}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def can_be_bound(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def stop(process: subprocess.Popen[Any], number: int = signal.SIGTERM) -> None:
    if process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
