"""The text of a mail: what was said to a person and isn't read, by room."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import SiteSettings, User
from messaging.models import Message
from notifications.mailing.wishes import token_of
from notifications.models import Mailing, MailWish
from rooms.models import Room

# Messages that a mail shows, and characters of each.
MAX_MESSAGES, MAX_CHARACTERS = 20, 500


@dataclass(frozen=True)
class RoomPart:
    """A room's part of a mail: its name as the person sees it, and its messages as (sender, text, address)."""

    name: str
    messages: list[tuple[str, str, str]]


def mail(user: User, messages: Sequence[Message]) -> EmailMultiAlternatives:
    """Return the mail that tells a person of messages, whose rooms and senders are loaded. Two queries."""
    site = SiteSettings.load()
    mine = Mailing.objects.filter(user=user).first()
    unsubscribe = settings.SITE_URL + reverse("mail_unsubscribe", args=[token_of(user)])
    content = settings.MAIL_CONTENT and (mine is None or mine.wish != MailWish.NOTICE)
    context = {
        "site": site,
        "user": user,
        "count": len(messages),
        "parts": parts(messages[:MAX_MESSAGES]) if content else [],
        "more": max(0, len(messages) - MAX_MESSAGES) if content else 0,
        "inbox": settings.SITE_URL + reverse("inbox"),
        "unsubscribe": unsubscribe,
    }
    made = EmailMultiAlternatives(
        subject(str(site), messages, content),
        render_to_string("notifications/mail.txt", context),
        settings.DEFAULT_FROM_EMAIL,
        [user.email],
        headers=headers(user, messages, unsubscribe),
    )
    made.attach_alternative(render_to_string("notifications/mail.html", context), "text/html")
    return made


def subject(site: str, messages: Sequence[Message], content: bool) -> str:
    """Return a subject in one line. Without content it names nobody."""
    count = f"{len(messages)} new messages for you" if len(messages) > 1 else "A new message for you"
    senders = {message.sender.name for message in messages}
    words = f"{count} from {senders.pop()}" if content and len(senders) == 1 else count
    return " ".join(f"{site}: {words}".split())


def headers(user: User, messages: Sequence[Message], unsubscribe: str) -> dict[str, str]:
    """Return what mail programs read: one click ends such mail (RFC 8058), nobody answers it automatically, and a mail that
    is sent twice has one Message-ID."""
    secret = f"{settings.SECRET_KEY} {user.pk} {[message.pk for message in messages]}"
    digest = hashlib.sha256(secret.encode()).hexdigest()[:32]
    return {
        "Message-ID": f"<{digest}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2].rstrip('>')}>",
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }


def parts(messages: Sequence[Message]) -> list[RoomPart]:
    """Return the messages by room, in the order of each room's first."""
    order: dict[int, int] = {}
    for message in messages:
        order.setdefault(message.room_id, len(order))
    by_room = sorted(messages, key=lambda message: (order[message.room_id], message.seq))
    return [
        RoomPart(name_of(some[0]), [(each.sender.name, excerpt(each), address_of(each)) for each in some])
        for some in (list(group) for _, group in groupby(by_room, key=lambda message: message.room_id))
    ]


def name_of(message: Message) -> str:
    """Return what the room is called in a mail; a direct one by who wrote."""
    if message.room.kind == Room.Kind.DIRECT:
        return f"Direct message from {message.sender.name}"
    return f"#{message.room.name or message.room.slug}"


def excerpt(message: Message) -> str:
    """Return the beginning of a message's text, else the names of its files."""
    text = message.body.strip()
    if not text and message.forwarded:
        text = str(message.forwarded["body"]).strip()
    if not text:
        names: list[Any] = [file["name"] for file in message.files or ()]
        text = ", ".join(map(str, names))
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1].rstrip() + "…"


def address_of(message: Message) -> str:
    """Return the address of the message in its room."""
    return settings.SITE_URL + reverse("permalink", args=[message.room.slug, message.pk])
