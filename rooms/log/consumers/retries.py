"""Lines that a consumer couldn't handle. They wait apart from the log, so that they hold up nobody."""

import random
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from chatsite.realtime.scheduling.background import DeadlineExceeded
from rooms.log.log import LogLine
from rooms.models import ConsumerRetry

# Folders in which handlers wait and query.
ENGINE = (("chatsite", "realtime"), ("chatsite", "database"))
# Tries after which a line has failed: the eighth is some 21 minutes after the first.
MAX_TRIES = 8
# Seconds before the second try; they double with each.
FIRST_DELAY_SECONDS = 10.0
# By how much of itself a delay is longer or shorter, by chance: many that fail together aren't tried together.
JITTER = 0.2
# Waiting lines of a consumer with which it doesn't read on: what it needs seems to be away.
MAX_WAITING = 1000
# Lines that are tried again in one turn.
LINES_PER_TURN = 20


def delay(attempts: int) -> timedelta:
    """Return how long a line waits that was tried so often."""
    seconds = FIRST_DELAY_SECONDS * 2 ** (attempts - 1) if attempts else 0.0
    return timedelta(seconds=seconds * random.uniform(1 - JITTER, 1 + JITTER))


def describe(error: BaseException) -> str:
    """Return the kind of an error and the place in the project where it came up. Its message may quote what somebody
    wrote."""
    kind, raised = type(error).__name__, error
    if isinstance(error, DeadlineExceeded) and error.__cause__ is not None:
        raised = error.__cause__
    for frame in reversed(traceback.extract_tb(raised.__traceback__)):
        path = Path(frame.filename)
        if is_own(path):
            return f"{kind} in {path.relative_to(settings.BASE_DIR)}:{frame.lineno}"[:200]
    return kind


def is_own(path: Path) -> bool:
    """Return whether a file is of the project, and neither of a package nor of the engine below the apps."""
    if not path.is_relative_to(settings.BASE_DIR) or "site-packages" in path.parts:
        return False
    return path.relative_to(settings.BASE_DIR).parts[:2] not in ENGINE


def hold(consumer_id: int, room_id: int, lines: Sequence[LogLine], error: str, now: datetime) -> None:
    """Store lines that failed. Several that failed together are tried at once, one by one: most are sound."""
    attempts = 1 if len(lines) == 1 else 0
    ConsumerRetry.objects.bulk_create(
        [
            ConsumerRetry(
                consumer_id=consumer_id,
                room_id=room_id,
                seq=line.seq,
                attempts=attempts,
                due_at=now + delay(attempts),
                error=error,
            )
            for line in lines
        ],
        ignore_conflicts=True,
    )


def due(consumer_id: int, now: datetime) -> list[ConsumerRetry]:
    """Return lines that are due, with their rooms; the one that waits longest first."""
    waiting = ConsumerRetry.objects.filter(consumer=consumer_id, failed=False, due_at__lte=now)
    return list(waiting.select_related("room").order_by("due_at")[:LINES_PER_TURN])


def line_of(retry: ConsumerRetry) -> LogLine | None:
    """Return the line from the log; None if it isn't there any more."""
    columns = retry.room.events.filter(seq=retry.seq).values_list(*LogLine._fields).first()
    return LogLine(*columns) if columns else None


def succeeded(retry: ConsumerRetry) -> None:
    """Delete a line that was handled."""
    unchanged(retry).delete()


def fail(retry: ConsumerRetry, error: str, now: datetime) -> bool:
    """Note one more failure; return whether it was the last try."""
    attempts = retry.attempts + 1
    failed = attempts >= MAX_TRIES
    unchanged(retry).update(attempts=attempts, error=error, failed=failed, due_at=now + delay(attempts))
    return failed


def unchanged(retry: ConsumerRetry) -> QuerySet[ConsumerRetry]:
    """Return the row, unless somebody else has tried the line meanwhile."""
    return ConsumerRetry.objects.filter(pk=retry.pk, attempts=retry.attempts, failed=retry.failed)


def counts(consumer_id: int) -> tuple[int, int]:
    """Return how many lines wait for another try, and how many have failed."""
    of_consumer = ConsumerRetry.objects.filter(consumer=consumer_id)
    return of_consumer.filter(failed=False).count(), of_consumer.filter(failed=True).count()


def try_again(consumer_id: int, now: datetime) -> int:
    """Make the failed lines due now, as if they had never been tried; return how many they are."""
    failed = ConsumerRetry.objects.filter(consumer=consumer_id, failed=True)
    return failed.update(failed=False, attempts=0, due_at=now)


def last_error(consumer_id: int) -> str:
    """Return the error of the line that was put aside last, or ""."""
    of_consumer = ConsumerRetry.objects.filter(consumer=consumer_id)
    return of_consumer.order_by("-pk").values_list("error", flat=True).first() or ""
