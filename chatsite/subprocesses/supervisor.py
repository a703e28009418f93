"""Start, ask and end child processes: one of each kind in a process, started when it is first needed.

Call it from greenlets of the server or from the thread of a command, not from a real thread beside the server's loop: a
child ends with the thread that started it, and the locks here are eventlet's.
"""

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic

from chatsite.contract.errors import Unavailable
from chatsite.observability.metrics import counters
from chatsite.realtime.scheduling.background import Timer, serving
from chatsite.subprocesses import channel
from chatsite.subprocesses.child import IDLE_SECONDS

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / "chatsite" / "subprocesses" / "child.py"
# Seconds from the start of a child to its first frame; 0.1 on an idle machine.
START_TIMEOUT_SECONDS = 15.0
# A child that has had no job for so long may be about to leave by itself.
REUSE_SECONDS = IDLE_SECONDS - 10
# Seconds until the next attempt after a start that failed: doubled from the first to the last.
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 1.0, 60.0
# Jobs of one process: what its libraries leak, or a stranger's picture did to it, ends with it.
MAX_JOBS = 100
MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Limits of a child, which it sets to itself: bytes of memory and of a file, numbers of open files and of further
    processes, and seconds of a processor for each job; None is no limit."""

    address_space: int = 1000 * MB
    file_size: int = 128 * MB
    open_files: int = 32
    processes: int | None = 0
    cpu_seconds: int | None = 20


@dataclass(frozen=True)
class Kind:
    """Kind of children: its name in the metrics, the module whose `handle` does the work, and what bounds it.

    A job may take `deadline` seconds, and wait `patience` seconds for those before it. After `max_jobs` another process
    follows; None is for work that goes on beside further jobs, and for as long the child stays (`busy()` of the module)."""

    name: str
    module: str
    limits: Limits = Limits()
    deadline: float = 20.0
    patience: float = 60.0
    max_jobs: int | None = MAX_JOBS


class ChildFailed(Exception):
    """A job has no answer. The child is gone, and another will be started for the next job.

    `reason` is "late", "died" (a crash, or the kernel's limits), "garbled", or the name of the exception that the work
    raised."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Child:
    """The child process of a kind, or none while there is nothing to do."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._jobs = 0
        self._last_job = 0.0
        self._pause = 0.0
        self._may_start = 0.0
        self._timer: Timer | None = None

    @property
    def pid(self) -> int | None:
        """Process id of a living child; a dead one is reaped."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def ask(self, job: channel.Frame, descriptors: Sequence[int] = ()) -> channel.Frame:
        """Return the child's answer to a job, which gets the files behind `descriptors`. The caller checks its shape: a
        picture may have taken the child over.

        Raises ChildFailed, or Unavailable if no child can be started or those before take too long."""
        with self._counted(), self._turn():
            return self._asked(job, tuple(descriptors))

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except ChildFailed as error:
            counters.child_jobs[self.kind.name, outcome_of(error.reason)] += 1
            raise
        except Unavailable:
            counters.child_jobs[self.kind.name, "unavailable"] += 1
            raise
        counters.child_jobs[self.kind.name, "done"] += 1

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=self.kind.patience):
            raise Unavailable("Others are being served. Try again in a moment.", retry_after=10)
        try:
            yield
        finally:
            self._lock.release()

    def _asked(self, job: channel.Frame, descriptors: tuple[int, ...]) -> channel.Frame:
        link = self._ready()
        try:
            answer = self._answer(link, self.kind.deadline, job, descriptors).get("done")
            if not isinstance(answer, dict):
                raise ChildFailed("garbled")
        except BaseException:
            # Also where the greenlet is killed: the answer would be taken for that to the next job.
            self.end()
            raise
        self._jobs += 1
        self._last_job = monotonic()
        if self.kind.max_jobs and self._jobs >= self.kind.max_jobs:
            self.end()
        self._watch()
        return answer

    def _ready(self) -> socket.socket:
        """Return the channel of a child that waits for a job; start one if there is none."""
        is_fresh = self.kind.max_jobs is None or monotonic() - self._last_job < REUSE_SECONDS
        if self._channel is not None and is_fresh and is_quiet(self._channel):
            return self._channel
        self.end()
        if monotonic() < self._may_start:
            raise Unavailable(retry_after=self._pause)
        try:
            return self._start()
        except (ChildFailed, OSError) as error:
            self._put_off()
            logger.error("A child process doesn't start (%s): %s", self.kind.name, error)
            raise Unavailable(retry_after=self._pause) from error
        except BaseException:
            self.end()
            raise

    def _put_off(self) -> None:
        """After a start that failed, try no other for a while. A child that a job ended is followed by another at once: one
        person's pictures must not keep those of others waiting."""
        self.end()
        self._pause = min(max(FIRST_PAUSE_SECONDS, self._pause * 2), LAST_PAUSE_SECONDS)
        self._may_start = monotonic() + self._pause

    def _start(self) -> socket.socket:
        counters.child_starts[self.kind.name,] += 1
        ours, theirs = socket.socketpair()
        self._channel = ours
        with theirs:
            # Nothing of the environment: it has the site's secrets. Nothing on standard error: libraries write there what
            # strangers sent.
            self._process = subprocess.Popen(  # noqa: S603 (nothing of the command is a client's)
                [sys.executable, "-I", PROGRAM, ROOT, self.kind.module, json.dumps(asdict(self.kind.limits))],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
            )
        if self._answer(ours, START_TIMEOUT_SECONDS).get("ready") is not True:
            raise ChildFailed("garbled")
        self._jobs, self._pause, self._last_job = 0, 0.0, monotonic()
        return ours

    @staticmethod
    def _answer(
        link: socket.socket, seconds: float, job: channel.Frame | None = None, files: tuple[int, ...] = ()
    ) -> channel.Frame:
        """Send a job, if one is given, and return the next frame within `seconds` in all. Raises ChildFailed."""
        try:
            if job is not None:
                channel.send(link, job, files)
            frame = channel.receive(Deadline(link, monotonic() + seconds))
        except TimeoutError:
            raise ChildFailed("late") from None
        except ConnectionError:
            raise ChildFailed("died") from None
        except channel.ChannelError:
            raise ChildFailed("garbled") from None
        if frame is None:
            raise ChildFailed("died")
        if "failed" in frame:
            raise ChildFailed(str(frame["failed"])[:500])
        return frame

    def end(self) -> None:
        """Kill the child, if there is one, and reap it."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _watch(self) -> None:
        """Reap the child some time after it left, so that no zombie stays; commands end before."""
        if serving() and self._timer is None:
            self._timer = Timer(IDLE_SECONDS + 5, self._reap)

    def _reap(self) -> None:
        self._timer = None
        if self.pid is not None:
            self._watch()


def is_quiet(link: socket.socket) -> bool:
    """Return whether nothing waits to be read: neither the end of a child that left, nor an answer to no job, which would be
    taken for that to the next."""
    link.setblocking(False)
    try:
        link.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        link.settimeout(None)
    return False


class Deadline:
    """Socket whose reads end together at one moment, however small the pieces are that come."""

    def __init__(self, link: socket.socket, end: float) -> None:
        self._link = link
        self._end = end

    def recv(self, size: int) -> bytes:
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError
        self._link.settimeout(left)
        return self._link.recv(size)


# Reasons of ChildFailed that are no name of an exception.
REASONS = ("late", "died", "garbled")


def outcome_of(reason: str) -> str:
    """Return the metrics' outcome of a failed job: a child could make up any number of names."""
    return reason if reason in REASONS else "failed"


def resident_bytes(pid: int) -> int:
    """Read how much memory a process has; 0 if it is gone, or where there is no /proc."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
