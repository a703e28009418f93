"""Layout of messages on a page. `static/js/models/timeline.js` follows the same rules."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from accounts.models import User
from messaging.payloads import Payload

# Messages of one sender within this time share a header.
GROUP_WITHIN = timedelta(minutes=5)


@dataclass
class Row:
    """A message with its layout."""

    message: Payload
    at: datetime
    day: date | None  # begins a new day
    new: bool  # the first that the reader hasn't seen
    continued: bool  # goes on under the header above
    mentions_me: bool
    mine: bool

    @property
    def time(self) -> str:
        """The time in the reader's zone."""
        return f"{self.at:%H:%M}"


def rows(messages: Sequence[Payload], me: User, first_unread: int | None = None) -> list[Row]:
    """Return the rows of messages; the "New" line stands above the message with the seq `first_unread`."""
    result: list[Row] = []
    for message in messages:
        mine = message["sender"]["username"] == me.username
        above = result[-1] if result else None
        result.append(row(message, above, me, mine, message["seq"] == first_unread))
    return result


def row(message: Payload, above: Row | None, me: User, mine: bool, new: bool) -> Row:
    """Return the row of a message below another."""
    at = timezone.localtime(datetime.fromisoformat(message["created_at"]))
    day = at.date() if above is None or above.at.date() != at.date() else None
    continued = above is not None and not day and not new and continues(message, at, above)
    return Row(message, at, day, new, continued, not mine and mentions(message["html"], me.username), mine)


def continues(message: Payload, at: datetime, above: Row) -> bool:
    """Return whether the message goes on under the header above."""
    same = above.message["sender"]["username"] == message["sender"]["username"]
    return same and at - above.at < GROUP_WITHIN and not message["reply_to"]


def mentions(html: str, username: str) -> bool:
    """Return whether rendered HTML has a mention of this person, or calls everybody."""
    return re.search(rf'<a [^>]*data-(?:call=|user="{re.escape(username)}")', html) is not None


def time_of(copy: Payload) -> str:
    """Return when a forwarded message was sent, in the reader's zone."""
    at = timezone.localtime(datetime.fromisoformat(copy["created_at"]))
    return f"{at.day} {at:%b %Y, %H:%M}"


def named_in(messages: Sequence[Payload]) -> set[str]:
    """Return the usernames that these messages show: senders, and those of quoted and forwarded messages."""
    beside = [message[part] for message in messages for part in ("reply_to", "forwarded") if message[part]]
    return {said["sender"]["username"] for said in [*messages, *beside]}
