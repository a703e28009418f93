"""Messages for the site's moderators: in lists, one by one, and on the administration's front page."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.models import LogEntry
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from chatsite.web.rest.api import me
from messaging import edit_history, private_reading
from messaging.models import Message, PrivateReading
from messaging.payloads import gist
from rooms.models import Room
from rooms.moderation import key_of, room_of

# Rows of each part of the front page, and the last messages among which the newest public ones are sought.
MAX_LISTED, RECENT_MESSAGES = 8, 1000
# Messages before and after one on its page.
NEIGHBOURS = 4
WITH_PEOPLE = ("room", "sender", "hidden_by")


def shown(messages: list[Message], moderator: User) -> list[Message]:
    """Set `readable`, remove texts that this moderator may not read, and read the people of direct rooms."""
    private_reading.redact(messages, moderator)
    Room.find_people([message.room for message in messages])
    return messages


def state_of(message: Message) -> str:
    """Return the state in words, "" for a message as it was sent."""
    if message.deleted_at:
        return "deleted"
    if message.hidden_at:
        return f"hidden by {message.hidden_by.username}" if message.hidden_by else "hidden"
    return "edited" if message.edited_at else ""


def line_of(message: Message) -> str:
    """Return the line by which a list tells a message, as a reply quotes it; "" without any."""
    is_passed_on = message.forwarded is not None and not message.body.strip()
    return f"Forwarded: {gist(message)}" if is_passed_on else gist(message)


def why_not_hidden(message: Message, by: User) -> str:
    """Say why a message can't be hidden, or ""."""
    if message.deleted_at:
        return "deleted already"
    return "hidden already" if message.hidden_at else ""


def why_not_restored(message: Message, by: User) -> str:
    """Say why a message can't be restored, or ""."""
    if message.hidden_at is None:
        return "deleted for good" if message.deleted_at else "not hidden"
    return "deleted for good" if message.deleted_at else ""


def why_not_cleared(message: Message, by: User) -> str:
    """Say why a message's reactions can't be removed, or ""."""
    if message.gone:
        return "deleted" if message.deleted_at else "hidden"
    return "" if message.reactions else "no reactions"


def of_person(found: QuerySet[Message], username: str) -> QuerySet[Message]:
    """Keep messages of this sender."""
    return found.filter(sender__in=User.objects.filter(username__iexact=username).values("pk"))


def in_room(found: QuerySet[Message], key: str) -> QuerySet[Message]:
    """Keep messages of the room of a key, in the order of the room's index."""
    room = room_of(key)
    return found.filter(room=room).order_by("-seq") if room else found.none()


def list_of(room: Room) -> str:
    """Return the URL of the room's messages."""
    return f"{reverse('admin:messaging_message_changelist')}?{urlencode({'room': key_of(room)}, safe=',')}"


def room_link(room: Room) -> SafeString:
    """Return a link to the room's messages."""
    kind = "" if room.kind == Room.Kind.PUBLIC else room.get_kind_display().lower()
    mark = format_html(' <span class="tag">{}</span>', kind) if kind else ""
    return format_html('<a href="{}"><bdi>{}</bdi></a>{}', list_of(room), room, mark)


def reason_url(room: Room, back: str = "") -> str:
    """Return the URL of the form for a reason; `back` is where it leads afterwards."""
    query = f"?{urlencode({'next': back})}" if back else ""
    return reverse("admin:messaging_message_reason", args=[room.pk]) + query


def reason_link(room: Room, back: str) -> SafeString:
    """Return a link to the form for a reason, in place of a private text."""
    return format_html(
        '<span class="veiled">Private.</span> <a href="{}">Read with a reason</a>', reason_url(room, back)
    )


def summary_of(messages: Sequence[Message]) -> list[str]:
    """Return whose the messages are and where they were sent: `["By Ada (@ada) (2), bo (1).", "In General (3)."]`."""
    by = tally([message.sender.full_name for message in messages])
    where = tally([str(message.room) for message in messages])
    return [f"By {by}.", f"In {where}."]


def tally(names: Sequence[str]) -> str:
    """Return each name with its number, the most frequent first, and how many more names there are."""
    counts = sorted({name: names.count(name) for name in names}.items(), key=lambda pair: (-pair[1], pair[0]))
    told = ", ".join(f"{name} ({count})" for name, count in counts[:MAX_LISTED])
    more = len(counts) - MAX_LISTED
    return f"{told} and {more} more" if more > 0 else told


def about(message: Message, moderator: User) -> dict[str, Any]:
    """Return the context of one message's page, with its earlier texts and its neighbours. Texts of a room that isn't
    open are left out."""
    around = shown(neighbours(message), moderator)
    message = next(each for each in around if each.pk == message.pk)
    back = reverse("admin:messaging_message_change", args=[message.pk])
    return {
        "message": message,
        "room_link": room_link(message.room),
        "reason_url": reason_url(message.room, back),
        "earlier_texts": edit_history.earlier_texts(message) if message.readable else [],
        "around": [(each, line_of(each), state_of(each)) for each in around],
        # In a private room the link is for its members only.
        "in_its_room": Message.objects.visible_to(moderator).filter(pk=message.pk).exists(),
        "until": PrivateReading.objects.open_to(moderator).filter(room=message.room_id).first(),
    }


def neighbours(message: Message) -> list[Message]:
    """Return the message between those before and after it, by the room's index."""
    said = Message.objects.filter(room=message.room_id).select_related(*WITH_PEOPLE, "reply_to__sender")
    before = said.filter(seq__lte=message.seq).order_by("-seq")[: NEIGHBOURS + 1]
    after = said.filter(seq__gt=message.seq).order_by("seq")[:NEIGHBOURS]
    return [*reversed(before), *after]


def front(request: HttpRequest) -> dict[str, Any]:
    """Return the context of the administration's front page."""
    moderator = me(request)
    hidden = Message.objects.filter(hidden_at__isnull=False).order_by("-hidden_at")
    log = LogEntry.objects.select_related("user", "content_type").order_by("-pk")[:MAX_LISTED]
    return {
        "newest": lines(newest_public(), moderator),
        "hidden": lines(hidden.select_related(*WITH_PEOPLE)[:MAX_LISTED], moderator),
        "people": User.objects.order_by("-pk")[:MAX_LISTED],
        "done": log,
        "readings": readings() if moderator.is_superuser else None,
    }


def newest_public() -> QuerySet[Message]:
    """Return public messages among the last RECENT_MESSAGES: a site with mostly private talk isn't read through."""
    last = Message.objects.aggregate(last=Max("pk"))["last"] or 0
    recent = Message.objects.standing().filter(pk__gt=last - RECENT_MESSAGES, room__kind=Room.Kind.PUBLIC)
    return recent.select_related(*WITH_PEOPLE).order_by("-pk")[:MAX_LISTED]


def lines(found: QuerySet[Message], moderator: User) -> list[tuple[Message, str, SafeString]]:
    """Return each message with its first line and a link to its room."""
    messages = shown(list(found), moderator)
    return [(message, line_of(message), room_link(message.room)) for message in messages]


def readings() -> list[tuple[PrivateReading, SafeString]]:
    """Return the last records of private reading with links to the rooms."""
    found = list(PrivateReading.objects.select_related("moderator", "room").order_by("-pk")[:MAX_LISTED])
    Room.find_people([reading.room for reading in found])
    return [(reading, room_link(reading.room)) for reading in found]
