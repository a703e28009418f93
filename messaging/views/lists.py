"""Pages with messages of many rooms: search, and unread messages."""

from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from accounts.names.marks import signs_among
from chatsite.contract.errors import Banned, Forbidden, NotFound
from chatsite.realtime.queues import read_queue
from chatsite.web.fields import MAX_BIGINT
from chatsite.web.pages import signed_in, without_nulls, words
from files.showing import file_views
from messaging.history import history
from messaging.history.timeline import Row, named_in, rows, time_of
from messaging.payloads import MessageRow, Payload, message_payload
from messaging.search import Span, read, search
from messaging.views.panel import online_of
from messaging.views.reactions import reactions_context
from messaging.views.room import place
from rooms import access
from rooms import services as rooms
from rooms.models import Room
from rooms.payloads import unread_payloads
from rooms.unread.marks import marks_of

RESULTS_PER_PAGE = 30
# Rooms on the page of unread messages, and messages of each.
ROOMS_PER_PAGE, MESSAGES_PER_ROOM = 20, 5


@signed_in
def search_page(request: HttpRequest) -> HttpResponse:
    """Search messages."""
    query, slug = words(request, "q")[:200], words(request, "room")
    context: dict[str, Any] = {"current": "search", "query": query, "slug": slug}
    if query:
        span = Span(RESULTS_PER_PAGE + 1, place(request, "before"), room=slug or None)
        found = read(request.user, search(request.user, query, span.room), span)  # type: ignore[arg-type]
        shown = found.messages[:RESULTS_PER_PAGE]
        context["results"] = results(shown)
        context["reached"] = found.reached
        context["older"] = (
            getattr(shown[-1], span.key) if len(found.messages) > RESULTS_PER_PAGE else found.reached
        )
    return render(request, "messaging/search.html", context)


def results(messages: list[MessageRow]) -> list[Payload]:
    """Return the payloads of messages with their room's name and their sender's signs."""
    payloads = [message_payload(message) for message in messages]
    signs = signs_among(named_in(payloads))
    return [
        {
            **payload,
            "shown_files": file_views(message.files),
            "room_name": message.room.name,
            "at": message.created_at,
            "mark": signs.marks.get(message.sender.username),
            "alike": message.sender.username in signs.alike,
            "copy_at": copy and time_of(copy),
            "copy_alike": bool(copy) and copy["sender"]["username"] in signs.alike,
        }
        for message, payload in zip(messages, payloads, strict=True)
        for copy in [payload["forwarded"]]
    ]


@signed_in
def catch_up(request: HttpRequest) -> HttpResponse:
    """Show unread messages of one's rooms, those with mentions first; mark them read."""
    user: Any = request.user
    if request.method == "POST":
        slug = request.POST.get("room")
        return mark_read(user, slug if slug is None else without_nulls(slug), posted_seq(request))
    marks = marks_of(user.pk)
    unread = sorted(
        unread_payloads(user),
        key=lambda about: (-about["mentions"], about["kind"] != Room.Kind.DIRECT, about["name"].casefold()),
    )
    waiting: list[Payload] = [
        {"room": about, "rows": first_unread(user, about)} for about in unread[:ROOMS_PER_PAGE]
    ]
    messages = [row.message for group in waiting for row in group["rows"]]
    context = {
        "current": "catch-up",
        "marks": marks,
        "waiting": waiting,
        "online": online_of({message["sender"]["username"] for message in messages}),
        "signs": signs_among(named_in(messages)),
        **reactions_context(user, messages, []),
    }
    return render(request, "messaging/catch_up.html", context)


def first_unread(user: User, about: Payload) -> list[Row]:
    """Return the rows of a room's first unread messages."""
    # Each room takes some milliseconds.
    read_queue.give_way()
    here = access.room_for(user, about["slug"])
    return rows(history.unread(here, user, about["read_seq"], MESSAGES_PER_ROOM), user)


def posted_seq(request: HttpRequest) -> int:
    """Return the head that the page showed: what came since stays unread. Without one it is the room's own."""
    value = request.POST.get("seq", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else MAX_BIGINT


def mark_read(user: User, slug: str | None, seq: int) -> HttpResponse:
    """Mark one room as read up to `seq`, or all; a room that can't be read any more is skipped."""
    if slug is None:
        rooms.mark_all_read(user)
    else:
        with suppress(NotFound, Forbidden, Banned):
            rooms.mark_read(user, slug, seq)
    return redirect("catch_up")
