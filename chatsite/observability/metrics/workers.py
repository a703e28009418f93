"""One answer for all workers of a machine: whichever is asked by Prometheus asks the others.

Each has a number, the lowest that is free: one that takes a dead one's place goes on with its series, which begin anew, as
Prometheus expects of a process. It holds a lock on a file of that number in the folder of the handover, and answers at a
unix socket beside it.
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

# Seconds until a worker that doesn't answer is left out.
ANSWER_TIMEOUT_SECONDS = 1.0
# Behind what a worker says, so that what was cut off isn't taken for all.
END_MARK = b"# EOF\n"
UP_COMMENTS = "# HELP chatsite_worker_up Whether this worker answered\n# TYPE chatsite_worker_up gauge\n"


def own_metrics() -> bytes:
    return generate_latest(REGISTRY)


class Workers:
    """A companion of the server. `folder` is None where there is one worker."""

    def __init__(self, read: Callable[[], bytes] = own_metrics) -> None:
        self.read_own = read
        self.folder: Path | None = None
        # Environment variable that names the folder where workers of this machine find each other.
        self.variable = ""

    def start(self) -> None:
        if self.variable in os.environ:
            self.serve(Path(os.environ[self.variable]))

    def serve(self, folder: Path) -> None:
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
        """This worker's numbers, or those of all, each with its `worker`. Waits for who doesn't answer, but not long."""
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
        """Nothing, where it didn't say all it has to say."""
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
    """A number and its lock, which ends with the process however that ends."""
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
    """The numbers of the processes that are alive, or were a moment ago."""
    numbers = [int(path.name.removeprefix("worker-")) for path in folder.glob("worker-*")]
    return sorted(number for number in numbers if is_locked(lock_path(folder, number)))


def is_locked(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
