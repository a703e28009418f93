"""Answer `/metrics` for all workers of a machine: the worker that Prometheus reaches asks the others.

Each worker has the lowest free number, by a lock on a file `worker-N` in the folder of the socket hand-off, and answers at
the unix socket `metrics-N` beside it. A worker that takes a dead one's number continues its series from zero, as
Prometheus expects after a restart.
"""

import fcntl
import os
import socket
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import eventlet
from prometheus_client import REGISTRY, generate_latest

from chatsite.observability.metrics import collector  # noqa: F401 (registers what is told)
from chatsite.observability.metrics.merging import merged

# A worker that takes longer is reported as down.
ANSWER_TIMEOUT_SECONDS = 1.0
# Ends an answer, so that a truncated one is recognised.
END_MARK = b"# EOF\n"
UP_COMMENTS = "# HELP chatsite_worker_up Whether this worker answered\n# TYPE chatsite_worker_up gauge\n"


def own_metrics() -> bytes:
    return generate_latest(REGISTRY)


class Workers:
    """Background service of the server (see `ChatServer.companions`). `folder` is None while this worker
    answers for itself alone."""

    def __init__(self, read: Callable[[], bytes] = own_metrics) -> None:
        self.read_own = read
        self._shared: Path | None = None
        self.folder: Path | None = None

    def share(self, folder: Path) -> None:
        """From `start` on, answer for all workers that find each other in this folder."""
        self._shared = folder

    def start(self) -> None:
        if self._shared is not None:
            self._serve(self._shared)

    def _serve(self, folder: Path) -> None:
        self.folder = folder
        self.number, self._lock = claim_number(folder)
        place = socket_path(folder, self.number)
        place.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(place))
        self._listener.listen(16)
        self._acceptor = eventlet.spawn(self._accept)

    def stop(self) -> None:
        if self.folder is not None:
            self._acceptor.kill()
            self._listener.close()
            socket_path(self.folder, self.number).unlink(missing_ok=True)
            os.close(self._lock)
            self.folder = None

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            eventlet.spawn_n(self._answer, connection)

    def _answer(self, connection: Any) -> None:
        with eventlet.Timeout(ANSWER_TIMEOUT_SECONDS, False), connection:
            connection.sendall(self.read_own() + END_MARK)

    def read(self) -> bytes:
        """Return this worker's metrics, or those of all workers with a label `worker`, within ANSWER_TIMEOUT_SECONDS."""
        if self.folder is None:
            return self.read_own()
        others = [number for number in live_numbers(self.folder) if number != self.number]
        answers = dict(zip(others, eventlet.GreenPool().imap(self._ask, others), strict=True))
        answers[self.number] = self.read_own()
        up = "".join(
            f'chatsite_worker_up{{worker="{number}"}} {bool(answers[number]):d}\n'
            for number in sorted(answers)
        )
        return (UP_COMMENTS + up).encode() + merged(
            {n: answers[n].decode() for n in sorted(answers)}
        ).encode()

    def _ask(self, number: int) -> bytes:
        """Return another worker's metrics; b"" if it doesn't answer in full."""
        answer = b""
        try:
            with (
                eventlet.Timeout(ANSWER_TIMEOUT_SECONDS, TimeoutError()),
                socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection,
            ):
                connection.connect(str(socket_path(self.folder, number)))
                while more := connection.recv(65536):
                    answer += more
        except OSError:
            return b""
        return answer.removesuffix(END_MARK) if answer.endswith(END_MARK) else b""


workers = Workers()


def socket_path(folder: Path | None, number: int) -> Path:
    return Path(folder or "") / f"metrics-{number}"


def lock_path(folder: Path, number: int) -> Path:
    return folder / f"worker-{number}"


def claim_number(folder: Path) -> tuple[int, int]:
    """Return the lowest free number and the descriptor of its lock, which the kernel releases when the process ends."""
    for number in count(1):
        descriptor = os.open(lock_path(folder, number), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            break
    return number, descriptor


def live_numbers(folder: Path) -> list[int]:
    """List the numbers whose locks are held: those of living workers."""
    numbers = [int(path.name.removeprefix("worker-")) for path in folder.glob("worker-*")]
    return sorted(number for number in numbers if is_locked(lock_path(folder, number)))


def is_locked(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
