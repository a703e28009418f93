"""What reading a room takes out of the inbox. That it is read is asked of the read position; here it is told to the person's
other pages, and noted in the rows."""

from collections.abc import Collection

from django.utils import timezone

from accounts.presence import presence
from chatsite.database.chunks import chunked
from chatsite.realtime.scheduling.debouncer import Debouncer
from notifications import inbox
from notifications.models import Notification

# Seconds in which readings are gathered, and people whose rows one query looks for.
GATHER_SECONDS, PEOPLE_PER_QUERY = 0.1, 200


def note(user_id: int) -> None:
    """Note that a person has read on; nothing is to be told to who has no page open."""
    if presence.is_connected(user_id):
        readers.note({user_id: None})


def flush(user_ids: Collection[int]) -> None:
    """Tell these people what they have read, in one query where that is nothing."""
    for some in chunked(sorted(user_ids), PEOPLE_PER_QUERY):
        tell(some)


def tell(user_ids: Collection[int]) -> None:
    """Mark what these people have read beyond, and tell their connections."""
    rows = inbox.stale(user_ids)
    if not rows:
        return
    for pks in chunked([pk for pk, _ in rows], inbox.IDS_PER_STATEMENT):
        Notification.objects.filter(pk__in=pks, read_at=None).update(read_at=timezone.now())
    read: dict[int, list[int]] = {}
    for pk, user_id in rows:
        read.setdefault(user_id, []).append(pk)
    inbox.tell_read(read)


# Ids of people who have read.
readers = Debouncer[int, None]("notifications read", flush, gather=GATHER_SECONDS)
