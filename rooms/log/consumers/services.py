"""Services of consumers for the administration and the doctor."""

from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from chatsite.database import sql
from rooms.log.consumers import positions, retries
from rooms.log.consumers.registry import consumers
from rooms.models import Consumer


class Report(NamedTuple):
    """How a consumer gets on: lines that it hasn't read, since when, and those that wait or have failed."""

    lines: int
    since: datetime | None
    waiting: int
    failed: int
    error: str


def pause(consumer: Consumer) -> bool:
    """Stop a consumer within two seconds; it keeps its positions. Return False if it was paused already."""
    return bool(Consumer.objects.filter(pk=consumer.pk, paused=False).update(paused=True))


def resume(consumer: Consumer) -> bool:
    """Let a paused consumer go on from where it was. Return False if it wasn't paused."""
    return bool(Consumer.objects.filter(pk=consumer.pk, paused=True).update(paused=False))


def try_again(consumer: Consumer) -> bool:
    """Make the failed lines due; return whether there were any."""
    return bool(retries.try_again(consumer.pk, timezone.now()))


@transaction.atomic
def skip(consumer: Consumer) -> bool:
    """Leave out all that a consumer hasn't handled, also what waits for another try or has failed. Return True."""
    Consumer.objects.select_for_update().get(pk=consumer.pk)
    positions.to_heads(consumer.pk)
    consumer.retries.all().delete()
    return True


def registered(consumer: Consumer) -> bool:
    """Return whether this version of the program has the consumer."""
    return consumer.name in consumers


def reports() -> dict[int, Report]:
    """Return the reports of all consumers by their id. Reads a row of each room for each."""
    rows = sql.run(
        f"""SELECT c.id, COALESCE(SUM(r.head - COALESCE(p.seq, 0)), 0), MIN({positions.SINCE})
            FROM rooms_consumer c JOIN rooms_room r ON NOT c.off
            LEFT JOIN rooms_consumerposition p ON p.room_id = r.id AND p.consumer_id = c.id
            WHERE r.head > COALESCE(p.seq, 0) GROUP BY c.id"""
    )
    behind = {pk: (int(lines), positions.as_time(at) if at else None) for pk, lines, at in rows}
    return {
        pk: Report(*behind.get(pk, (0, None)), *retries.counts(pk), retries.last_error(pk))
        for pk in Consumer.objects.values_list("pk", flat=True)
    }
