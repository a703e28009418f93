"""What the operating system says of a process and all its children."""

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

TICK = 1 / os.sysconf("SC_CLK_TCK")
# Ports that this process gave.
_claimed: set[int] = set()


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
    """User and system time of the tree, with what its children used that have ended."""
    return sum(map(_cpu_of, tree(pid)))


def _cpu_of(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) * TICK


def memory_bytes(pid: int) -> int:
    """Proportional set size: a page that two processes share is counted once."""
    return sum(map(_memory_of, tree(pid)))


def _memory_of(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


def free_port() -> int:
    """Given to nobody else while this process lives: it is listened at a second or two later, and others look for one, too.

    Below those that the kernel gives to outgoing connections: one of these could take it before it is listened at."""
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        if port not in _claimed and claim(port) and can_be_bound(port):
            return port


def claim(port: int) -> bool:
    """By a lock on the byte of that number in a file that is empty. It ends with the process."""
    try:
        fcntl.lockf(claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    # To the one who has it, the lock would be given again.
    _claimed.add(port)
    return True


@cache
def claims() -> int:
    """Open until the end: the first of its descriptors to be closed would end the locks."""
    path = Path(tempfile.gettempdir(), f"chatsite-ports-{os.getuid()}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def can_be_bound(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def stop(process: subprocess.Popen, number: int = signal.SIGTERM) -> None:
    if process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
