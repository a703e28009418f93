"""Reading of messages from one end in windows, until a page is full or the time is over."""

from collections.abc import Callable
from typing import NamedTuple

from django.db.models import QuerySet

from messaging.history.history import Span
from messaging.models import Message
from messaging.payloads import MessageRow, message_rows

# Positions in one query: some milliseconds of short texts, a tenth of a second of the longest.
WINDOW_PLACES = 10_000


class Found(NamedTuple):
    """Messages found. If the time was over, `reached` is the position up to which messages were read; else None."""

    messages: list[MessageRow]
    reached: int | None


def in_windows(found: QuerySet[Message], span: Span, until: Callable[[], bool]) -> Found:
    """Read at least one window, and then until `until` returns True."""
    end, messages = span.end(), list[MessageRow]()
    place = span.border - 1 if span.forward else min(end + 1, span.border)
    while len(messages) < span.limit and (place < end if span.forward else place > 1):
        further = min(place + WINDOW_PLACES, end) if span.forward else max(place - WINDOW_PLACES, 1)
        low, high = (place + 1, further + 1) if span.forward else (further, place)
        window = found.filter(**{f"{span.key}__gte": low, f"{span.key}__lt": high})
        order = span.key if span.forward else f"-{span.key}"
        messages += message_rows(window.order_by(order)[: span.limit - len(messages)])
        place = further
        if until() and len(messages) < span.limit:
            return Found(messages, place)
    return Found(messages, None)
