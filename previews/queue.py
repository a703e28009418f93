"""The queue of links to be fetched: rows of the database, so that nothing is lost with a process; people take turns.

Each process fetches some at once, by child processes; a claim in the row keeps others from the same one.
"""

import logging
from collections import deque
from contextlib import nullcontext
from datetime import timedelta
from time import monotonic
from typing import Any, BinaryIO

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from chatsite.contract.errors import Unavailable
from chatsite.realtime.queues import read_queue
from chatsite.realtime.scheduling.background import in_background, serving
from chatsite.subprocesses.supervisor import MB, Child, ChildFailed, Kind, Limits
from files.storage import local
from messaging.models import Message
from messaging.services import locked
from previews import pictures, services
from previews.fetching.parsing import MAX_DESCRIPTION_LENGTH, MAX_TITLE_LENGTH, tidy
from previews.models import MessagePreview, Preview

logger = logging.getLogger(__name__)

# Seconds that a job may take, and after which the child is killed.
JOB_SECONDS, KILL_SECONDS = 10.0, 15.0
# Links that one process fetches at once; one person's never more than one.
AT_ONCE = 3
KIND = Kind(
    "fetch",
    "previews.fetching.jobs",
    Limits(address_space=512 * MB, file_size=6 * MB, open_files=16, cpu_seconds=5),
    deadline=KILL_SECONDS,
)
# For how long a process has a link for itself, and leaves it alone when no child starts; and tries before it has none.
CLAIMED_FOR, PUT_OFF_FOR, MAX_TRIES = timedelta(seconds=60), timedelta(seconds=30), 3
FETCHED = ("title", "description", "picture", "fetched_at")
# Seconds between two steps, two looks for what another process left behind, and two sweeps.
STEP_SECONDS, POLL_SECONDS, SWEEP_SECONDS = 1.0, 30.0, 3600.0


class Fetcher:
    """Fetches links in the background of this process, while the site has previews."""

    def __init__(self) -> None:
        # As the site's setting was when it was last read.
        self.on = False
        self.children = [Child(KIND) for _ in range(AT_ONCE)]
        self._idle = deque(self.children)
        self._awake = True
        self._next_poll = 0.0
        # People for whom something is fetched now, and when somebody was last served (monotonic).
        self._busy: set[int | None] = set()
        self._served: dict[int | None, float] = {}

    def wake(self) -> None:
        """Look into the queue with the next step."""
        self._awake = True

    def step(self) -> None:
        """Begin to fetch what waits, as far as there are hands for it."""
        if not self.on or not (self._awake or monotonic() >= self._next_poll):
            return
        self._next_poll = monotonic() + POLL_SECONDS
        self._awake = False
        while self._idle and (preview := self._claim()):
            child = self._idle.popleft()
            self._busy.add(preview.wanted_by_id)
            in_background(self._work, child, preview)

    def _claim(self) -> Preview | None:
        """Take the oldest link of the person who has waited longest for a turn."""
        now = timezone.now()
        waiting = [
            row
            for row in unclaimed(now).order_by("pk")[: services.MAX_WAITING]
            if row.wanted_by_id not in self._busy
        ]
        waiting.sort(key=lambda row: self._served.get(row.wanted_by_id, 0.0))
        for preview in waiting[:AT_ONCE]:
            mine = unclaimed(now).filter(pk=preview.pk)
            if mine.update(claimed_until=now + CLAIMED_FOR, tries=F("tries") + 1):
                self._note_turn(preview.wanted_by_id)
                return preview
        return None

    def _note_turn(self, person: int | None) -> None:
        if len(self._served) > services.MAX_WAITING:
            self._served.clear()
        self._served[person] = monotonic()

    def _work(self, child: Child, preview: Preview) -> None:
        try:
            self._fetch(child, preview)
        except (DatabaseError, InterfaceError) as error:
            # Its claim ends by itself.
            logger.warning("a preview can't be stored: %s", error)
        finally:
            self._busy.discard(preview.wanted_by_id)
            self._idle.append(child)
            self.wake()

    def _fetch(self, child: Child, preview: Preview) -> None:
        """Fetch what a former process didn't, and tell the messages that wait for it."""
        if preview.fetched_at is None:
            try:
                with local.incoming() as file:
                    store(preview, ask(child, preview, file), file)
            except Unavailable:
                Preview.objects.filter(pk=preview.pk).update(claimed_until=timezone.now() + PUT_OFF_FOR)
                return
            except Preview.DoesNotExist:
                # Its message was deleted meanwhile.
                return
        tell(preview)

    def end(self) -> None:
        """Kill the children."""
        for child in self.children:
            child.end()


def unclaimed(now: Any) -> QuerySet[Preview]:
    """Return previews that wait, and that no process is at."""
    return Preview.objects.filter(Q(claimed_until=None) | Q(claimed_until__lt=now), pending=True)


def ask(child: Child, preview: Preview, picture: BinaryIO) -> dict[str, Any]:
    """Return the child's answer, which may write the picture; an empty one where it failed, or was tried too often. Raises
    Unavailable."""
    if preview.tries >= MAX_TRIES:
        return {}
    if serving():
        # Whoever waits for a stranger's server holds no connection of ours.
        connections.close_all()
    try:
        return child.ask(job_of(preview), [picture.fileno()])
    except ChildFailed as failed:
        logger.info("a child that fetched a page failed: %s", failed.reason)
        return {}


def job_of(preview: Preview) -> dict[str, Any]:
    """Return the child's job. A job has a bound of 64 KB: a site has few names."""
    return {
        "url": preview.url,
        "seconds": JOB_SECONDS,
        "hosts": settings.ALLOWED_HOSTS,
        "networks": settings.PREVIEW_TEST_NETWORKS,
    }


def store(preview: Preview, answer: dict[str, Any], file: BinaryIO) -> None:
    """Store what the child answered, and the picture that it wrote, checked as if a stranger had sent them: a page may have
    taken it over. Raises Preview.DoesNotExist if nobody wants it any more."""
    preview.title = text(answer.get("title"), MAX_TITLE_LENGTH)
    preview.description = text(answer.get("description"), MAX_DESCRIPTION_LENGTH)
    pictured = bool(preview.title) and answer.get("picture") is True
    with (
        pictures.kept(file, preview.wanted_by_id or 0) if pictured else nullcontext() as blob,
        transaction.atomic(),
    ):
        preview.picture = pictures.add(blob) if blob else None
        preview.fetched_at = timezone.now()
        fields = {name: getattr(preview, name) for name in FETCHED}
        if not Preview.objects.filter(pk=preview.pk).update(**fields):
            raise Preview.DoesNotExist


def text(value: object, most: int) -> str:
    return tidy(value, most) if isinstance(value, str) else ""


def tell(preview: Preview) -> None:
    """Let all messages that have the link show what was stored; then the preview is done."""
    if preview.title:
        for message in messages_of(preview):
            read_queue.give_way()
            with transaction.atomic():
                current = locked(message)
                if not current.gone:
                    services.show(current, None)
    Preview.objects.filter(pk=preview.pk).update(pending=False)


def messages_of(preview: Preview) -> list[Message]:
    """Return the messages that wait for a preview."""
    waiting = MessagePreview.objects.filter(preview=preview, removed_at=None)
    return list(Message.objects.filter(pk__in=waiting.values("message_id")).order_by("pk"))


fetcher = Fetcher()
