"""Removal of what deleted messages left: their earlier texts, reactions, and what they showed beside their text.

A deletion removes all of it (`messaging.services.delete`). While a new version takes over from one that knows less of it,
processes of the old one still delete as they did, and leave the rest. Nothing shows it, but it was to be gone.
"""

from django.db import transaction
from django.db.models import Model, Q

from chatsite.realtime.queues import read_queue
from files import services as files
from messaging.models import PARTS, Message, MessageText, Reaction

# An old process ends within minutes of the new one's start.
SWEEP_SECONDS = 3600.0
# Messages that one turn looks at: some 3 ms.
MESSAGES_PER_TURN = 1000
# Models of rows that go with their `message`.
OF_MESSAGES: list[type[Model]] = [MessageText, Reaction]
WITH_PARTS = Q(*((f"{part}__isnull", False) for part in PARTS), _connector=Q.OR)


def sweep() -> int:
    """Remove what deleted messages left; return how many had something. By their index, in turns with other people's
    reads."""
    deleted = Message.objects.filter(deleted_at__isnull=False).order_by("pk").values_list("pk", flat=True)
    found, last = 0, 0
    while pks := list(deleted.filter(pk__gt=last)[:MESSAGES_PER_TURN]):
        found += sweep_all(pks)
        last = pks[-1]
        read_queue.give_way()
    return found


def sweep_all(pks: list[int]) -> int:
    """Remove what these messages left; return how many had something. Writes only where there is any."""
    rows = [model._default_manager.filter(message__in=pks) for model in OF_MESSAGES]
    left = {pk for found in rows for pk in found.values_list("message_id", flat=True)}
    left |= {*Message.objects.filter(WITH_PARTS, pk__in=pks).values_list("pk", flat=True)}
    if left:
        with transaction.atomic():
            for found in rows:
                found.delete()
            files.release(left)
            Message.objects.filter(pk__in=left).update(**dict.fromkeys(PARTS))
    return len(left)
