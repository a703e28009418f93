"""The page of the texts that a message had, with what each edit changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from accounts.names.marks import signs_among
from chatsite.contract.errors import NotFound
from chatsite.contract.times import iso
from chatsite.realtime.queues import read_queue
from chatsite.web.pages import signed_in
from messaging import edit_history, services
from messaging.differences import Comparison, Part
from messaging.edit_history import Text
from messaging.models import Message
from messaging.views.room import place
from rooms.log.log import PAGE_BYTES


@dataclass
class Version:
    """A text on the page; `unmarked` if it differs too much from the one before to be marked."""

    title: str
    at: datetime
    parts: list[Part]
    unmarked: bool = False

    @property
    def iso(self) -> str | None:
        """The time as scripts read it."""
        return iso(self.at)


@signed_in
def message_history(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show the texts of a message, newest first: a page, or with `?part` what the room's dialog shows."""
    user: Any = request.user
    with services.reading_texts(user, pk) as message:
        if message.room.slug != slug:
            raise NotFound()
        texts = edit_history.texts_of(message, place(request, "before"))
        shown = versions(user, message, texts)
    context: dict[str, Any] = {"message": message, "versions": shown}
    context["further"] = texts[len(shown) - 1].number if len(shown) < len(texts) else None
    if "part" in request.GET:
        return render(request, "messaging/_history.html", context)
    username = message.sender.username
    signs = signs_among([username])
    context |= {"current": slug, "mark": signs.marks.get(username), "alike": username in signs.alike}
    return render(request, "messaging/history.html", context)


def versions(reader: User, message: Message, texts: Sequence[Text]) -> list[Version]:
    """Return the first of the texts with the changes that each made to the one before: those that fit PAGE_BYTES, at least
    one. In turns with other people's reads."""
    comparison = Comparison()
    result: list[Version] = []
    size = 0
    for number, text in enumerate(texts):
        before = texts[number + 1] if number + 1 < len(texts) else None
        size += len(text.body) + (len(before.body) if before else 0)
        if result and size > PAGE_BYTES:
            break
        result.append(read_queue.wait(reader.pk, partial(version, message, text, before, comparison)))
    return result


def version(message: Message, text: Text, before: Text | None, comparison: Comparison) -> Version:
    """Return one text with its title."""
    title = "Now" if text.number == edit_history.PRESENT else "Earlier"
    if text.at == message.created_at:
        title = "As it was sent"
    parts = comparison.parts(before.body, text.body) if before else None
    plain = [Part("", text.body)]
    return Version(title, text.at, parts or plain, unmarked=bool(before) and parts is None)
