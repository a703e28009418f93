"""Messages of many rooms on one page: search, catch up."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.marks import signs_among
from accounts.models import User
from chatsite.pages import signed_in, words
from messaging import events
from messaging.payloads import Payload, message_payload
from messaging.search import fetch, search
from messaging.timeline import Row, named_in, rows
from messaging.views.panel import online_of
from messaging.views.room import place
from rooms import access, activity
from rooms.models import Room
from rooms.payloads import room_payloads

RESULTS = 30
CATCH_UP = 5


@signed_in
def search_page(request: HttpRequest) -> HttpResponse:
    query, slug = words(request, "q")[:200], words(request, "room")
    context: dict[str, Any] = {"current": "search", "query": query, "slug": slug}
    if query:
        found = search(request.user, query, slug or None)  # type: ignore[arg-type]
        before = place(request, "before")
        found = found.filter(pk__lt=before) if before else found
        messages = fetch(found[: RESULTS + 1])
        context["results"] = results(messages[:RESULTS])
        context["older"] = messages[RESULTS - 1].pk if len(messages) > RESULTS else None
    return render(request, "messaging/search.html", context)


def results(messages: list[Any]) -> list[Payload]:
    signs = signs_among(message.sender.username for message in messages)
    return [
        {
            **message_payload(message),
            "room_name": message.room.name,
            "at": message.created_at,
            "mark": signs.marks.get(message.sender.username),
            "alike": message.sender.username in signs.alike,
        }
        for message in messages
    ]


@signed_in
def catch_up(request: HttpRequest) -> HttpResponse:
    """What is unread in all my rooms, those that mention me first."""
    user: Any = request.user
    unread = [about for about in room_payloads(user) if about["unread"]]
    unread.sort(
        key=lambda about: (-about["mentions"], about["kind"] != Room.Kind.DIRECT, about["name"].casefold())
    )
    if request.method == "POST":
        return mark_read(request, unread)
    waiting: list[Payload] = [{"room": about, "rows": first_unread(user, about)} for about in unread[:20]]
    messages = [row.message for group in waiting for row in group["rows"]]
    context = {
        "current": "catch-up",
        "waiting": waiting,
        "online": online_of({message["sender"]["username"] for message in messages}),
        "signs": signs_among(named_in(messages)),
    }
    return render(request, "messaging/catch_up.html", context)


def first_unread(user: User, about: Payload) -> list[Row]:
    here = access.room_for(user, about["slug"])
    return rows(events.unread(here, user, about["read_seq"], CATCH_UP), user)


def mark_read(request: HttpRequest, unread: list[Payload]) -> HttpResponse:
    slug = request.POST.get("room")
    for about in unread:
        if slug in (None, about["slug"]):
            activity.mark_read(request.user, about["slug"], about["head"])  # type: ignore[arg-type]
    return redirect("catch_up")
