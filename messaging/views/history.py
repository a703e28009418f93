"""The page of the texts that a message had, with what each edit changed."""

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
        context: dict[str, Any] = {"message": message, "versions": versions(user, message)}
    if "part" in request.GET:
        return render(request, "messaging/_history.html", context)
    username = message.sender.username
    signs = signs_among([username])
    context |= {"current": slug, "mark": signs.marks.get(username), "alike": username in signs.alike}
    return render(request, "messaging/history.html", context)


def versions(reader: User, message: Message) -> list[Version]:
    """Return the message's texts with the changes that each made to the one before. In turns with other people's
    reads."""
    texts = edit_history.texts_of(message)
    comparison = Comparison()
    result: list[Version] = []
    for place, text in enumerate(texts):
        before = texts[place + 1] if place + 1 < len(texts) else None
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
