"""Who takes somebody's right away is answered when no process of the site serves it any more.

Each other process is told once more what has ended, and says that it has ended there. From whom nothing comes (Redis is
away, perhaps) has looked at the database by itself a few seconds later, and writes there that it did.
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

# Words by which a right ends.
ENDING = frozenset({"evict", "end", "end-others"})
# Seconds between two questions to the database for who hasn't said anything.
PAUSE = 0.5
# Seconds by which whoever lives has looked: the time between two looks, and as much as a look at very many takes.
LONGEST = RECHECK_SECONDS + 2.5

Word = list[Any]
# The words of this request.
_noted: ContextVar[list[Word] | None] = ContextVar("noted", default=None)


class RevocationRelay(Relay):
    """Remembers what ended during a request."""

    def tell(self, word: str, *parts: Any) -> None:
        super().tell(word, *parts)
        noted = _noted.get()
        if word in ENDING and noted is not None:
            noted.append([word, *parts])


class Question:
    def __init__(self) -> None:
        self.answered: set[str] = set()
        self.wakeup = Wakeup()


class RevocationBarrier:
    def __init__(self, worker: str) -> None:
        self.worker = worker
        self._questions: dict[str, Question] = {}
        peers.hear("ended?", self._asked, str, list)
        peers.hear("ended", self._answered, str, str)

    # Of this process, for the others

    def enter(self) -> None:
        """Before anybody is connected."""
        try:
            self._bury()
            self._write(transaction_number())
        except DatabaseError as error:
            logger.warning("The other processes aren't told of this one yet: %s", error)

    def leave(self) -> None:
        """When nobody is connected any more."""
        Process.objects.filter(name=self.worker).delete()

    @contextmanager
    def rechecking(self) -> Iterator[None]:
        """What ended before this began has ended here when it is over."""
        began = transaction_number()
        # Who was looked up before, and isn't connected yet, is looked up again.
        peers.heard("restrict", [])
        yield
        self._write(began)

    def _write(self, looked: int) -> None:
        mine = Process(name=self.worker, host=host(), pid=os.getpid(), looked=looked)
        Process.objects.bulk_create(
            [mine], update_conflicts=True, unique_fields=["name"], update_fields=["looked"]
        )

    def _bury(self) -> None:
        """Processes of this machine that ended without a word, and those of a backup from another cluster, whose numbers
        aren't reached yet; nobody should wait for them."""
        Process.objects.filter(
            looked__gt=Func(function="txid_current", output_field=BigIntegerField())
        ).delete()
        for process in Process.objects.filter(host=host()):
            if process.pid == os.getpid() or not lives(process.pid):
                process.delete()

    # For who asks

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """What ends in between has ended everywhere when this is over. Raises DatabaseError where that can't be known."""
        token = _noted.set([])
        try:
            yield
            words = _noted.get()
        finally:
            _noted.reset(token)
        if words and not connection.in_atomic_block:
            self.wait(words)

    def wait(self, words: list[Word]) -> None:
        deadline, number = monotonic() + LONGEST, secrets.token_hex(8)
        question = self._questions[number] = Question()
        delivery.tell_others("ended?", number, words)
        try:
            self._wait(question, deadline)
        finally:
            del self._questions[number]

    def _wait(self, question: Question, deadline: float) -> None:
        now, missing = self._others()
        ask = monotonic() + PAUSE
        while missing - question.answered and monotonic() < deadline:
            # Others have a use for the place meanwhile.
            connection.close()
            question.wakeup.wait(max(0.0, ask - monotonic()))
            if monotonic() >= ask:
                ask = monotonic() + PAUSE
                missing &= self._not_looked_since(now, missing)
        # Who was silent all the time is gone; if not, it comes back with its next look.
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
                peers.heard(word[0], word[1:])
        delivery.tell_others("ended", number, self.worker)

    def _answered(self, number: str, worker: str) -> None:
        question = self._questions.get(number)
        if question:
            question.answered.add(worker)
            question.wakeup.set()


def transaction_number() -> int:
    """Higher than that of whatever was committed before, on any machine's clock."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT txid_current()")
        return int(cursor.fetchone()[0])


def host() -> str:
    """A machine, or a container: process ids mean something there."""
    return f"{socket.gethostname()[:64]} {uuid.getnode():x}"


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
