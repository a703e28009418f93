"""The page that forwards a message, for who has no scripts: a select of rooms, and a text beside it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User
from accounts.names.marks import signs_among
from chatsite.contract.errors import NotFound
from chatsite.web.pages import attempt, form_page, post_data, signed_in
from messaging import services
from messaging.forms import ForwardForm
from messaging.history.timeline import time_of
from messaging.models import Message
from messaging.sending import forwarding
from rooms.payloads import sidebar_payloads


@signed_in
def forward(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask where to forward a message to, or send it there and show that room."""
    user: Any = request.user
    message = services.visible_message(user, pk)
    if message.room.slug != slug:
        raise NotFound()
    form = ForwardForm(post_data(request))
    form.offer(other_rooms(user, slug))
    done, outcome = attempt(form, lambda **data: services.send(user, forward=pk, **data))
    if done:
        return redirect(reverse("room", args=[form.cleaned_data["room"]]) + "?latest=1#latest")
    return form_page(request, "messaging/forward.html", form, outcome, **about(message))


def other_rooms(user: User, slug: str) -> list[tuple[str, str]]:
    """Return slug and name of the nearest of the person's rooms but this one."""
    found = [room for room in sidebar_payloads(user) if not room["archived"] and room["slug"] != slug]
    return [(room["slug"], room["name"]) for room in found]


def about(message: Message) -> dict[str, Any]:
    """Return what the page shows of the message: the `copy` that would be sent, None of a tombstone."""
    context: dict[str, Any] = {"message": message, "current": message.room.slug, "copy": None}
    if message.gone:
        return context
    copy = forwarding.copy_of(message, forwarding.standing_in_public([message.forwarded]))
    username = copy["sender"]["username"]
    context |= {"copy_at": time_of(copy), "copy_alike": username in signs_among([username]).alike}
    return context | {"copy": copy}
