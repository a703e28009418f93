"""A revoking request returns once every process has stopped serving the user.

Each other process is told once more what has ended, and answers that it has ended there. A process that
doesn't answer (Redis is away, perhaps) rechecks its connections by itself every few seconds, and writes that
into the database.
"""

import logging
import os
import secrets
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import BigIntegerField, Func

from chatsite.realtime.cluster.models import Process
from chatsite.realtime.cluster.relay import Relay
from chatsite.realtime.cluster.wakeup import Wakeup
from chatsite.realtime.delivery import delivery, peers
from chatsite.realtime.delivery.revocation import RECHECK_SECONDS

logger = logging.getLogger(__name__)

# Messages that end a right.
ENDING = frozenset({"evict", "end", "end-others"})
# Seconds between two queries for processes that haven't answered.
POLL_SECONDS = 0.5
# Seconds after which every living process has rechecked: the time between two rechecks, and what one of very
# many connections takes.
BARRIER_TIMEOUT_SECONDS = RECHECK_SECONDS + 2.7

Word = list[Any]
# The messages that this request has sent so far.
_noted: ContextVar[list[Word] | None] = ContextVar("noted", default=None)


class RevocationRelay(Relay):
    """Remembers what ended during a request."""

    def notify(self, word: str, *parts: Any) -> None:
        super().notify(word, *parts)
        noted = _noted.get()
        if word in ENDING and noted is not None:
            noted.append([word, *parts])


class Question:
    """The processes that have answered one request's question."""

    def __init__(self) -> None:
        self.answered: set[str] = set()
        self.wakeup = Wakeup()


class RevocationBarrier:
    """One process's side of the barrier. `worker` is its name."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self._questions: dict[str, Question] = {}
        peers.register("ended?", self._asked, str, list)
        peers.register("ended", self._answered, str, str)

    # Of this process, for the others

    def enter(self) -> None:
        """Write this process into the table, before anybody is connected."""
        try:
            self._bury()
            self._write(transaction_number())
        except DatabaseError as error:
            logger.warning("The other processes aren't told of this one yet: %s", error)

    def leave(self) -> None:
        """Delete this process from the table, when nobody is connected any more."""
        Process.objects.filter(name=self.worker).delete()

    @contextmanager
    def rechecking(self) -> Iterator[None]:
        """Recheck all connections inside. What ended before this began has ended here when it is over."""
        began = transaction_number()
        # Outdate authorisation queries of clients that aren't connected yet.
        peers.dispatch("restrict", [])
        yield
        self._write(began)

    def _write(self, looked: int) -> None:
        mine = Process(name=self.worker, host=host(), pid=os.getpid(), looked=looked)
        Process.objects.bulk_create(
            [mine], update_conflicts=True, unique_fields=["name"], update_fields=["looked"]
        )

    def _bury(self) -> None:
        """Delete processes of this machine that ended without a word, and those of a backup of another
        cluster, whose numbers lie ahead; nobody should wait for them."""
        Process.objects.filter(
            looked__gt=Func(function="txid_current", output_field=BigIntegerField())
        ).delete()
        for process in Process.objects.filter(host=host()):
            if process.pid == os.getpid() or not lives(process.pid):
                process.delete()

    # For who asks

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Wait, at the end of the block, until what it ended has ended everywhere. Raises DatabaseError where
        that can't be known."""
        token = _noted.set([])
        try:
            yield
            words = _noted.get()
        finally:
            _noted.reset(token)
        if words and not connection.in_atomic_block:
            self.wait(words)

    def wait(self, words: list[Word]) -> None:
        deadline, number = monotonic() + BARRIER_TIMEOUT_SECONDS, secrets.token_hex(8)
        question = self._questions[number] = Question()
        delivery.notify_processes("ended?", number, words)
        try:
            self._wait(question, deadline)
        finally:
            del self._questions[number]

    def _wait(self, question: Question, deadline: float) -> None:
        now, missing = self._others()
        ask = monotonic() + POLL_SECONDS
        while missing - question.answered and monotonic() < deadline:
            # Other requests can use the connection's place meanwhile.
            connection.close()
            question.wakeup.wait(max(0.0, ask - monotonic()))
            if monotonic() >= ask:
                ask = monotonic() + POLL_SECONDS
                missing &= self._not_looked_since(now, missing)
        # A process that was silent all the time is gone; if not, it comes back with its next recheck.
        Process.objects.filter(name__in=missing - question.answered).delete()

    def _others(self) -> tuple[int, set[str]]:
        now = transaction_number()
        return now, set(Process.objects.exclude(name=self.worker).values_list("name", flat=True))

    def _not_looked_since(self, number: int, names: set[str]) -> set[str]:
        try:
            return set(
                Process.objects.filter(name__in=names, looked__lte=number).values_list("name", flat=True)
            )
        except DatabaseError:
            connection.close()
            return names

    def _asked(self, number: str, words: list[Any]) -> None:
        for word in words:
            if isinstance(word, list) and word and isinstance(word[0], str) and word[0] in ENDING:
                peers.dispatch(word[0], word[1:])
        delivery.notify_processes("ended", number, self.worker)

    def _answered(self, number: str, worker: str) -> None:
        question = self._questions.get(number)
        if question:
            question.answered.add(worker)
            question.wakeup.set()


def transaction_number() -> int:
    """Return a number higher than that of all committed transactions, whatever the machines' clocks."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT txid_current()")
        return int(cursor.fetchone()[0])


def host() -> str:
    """Return a name of this machine, or container: process ids mean something within it."""
    return f"{socket.gethostname()[:64]} {uuid.getnode():x}"


def lives(pid: int) -> bool:
    """Return whether a process with this id runs on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
