"""Mark messages unread by a form, for who has no scripts."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from chatsite.contract.errors import NotFound
from chatsite.web.pages import signed_in
from messaging.services import visible_message
from rooms import services as rooms


@require_POST
@signed_in
def mark_unread(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Mark a message and those after it unread, and show what is unread."""
    user: Any = request.user
    message = visible_message(user, pk)
    if message.room.slug != slug:
        raise NotFound()
    rooms.mark_read(user, slug, message.seq - 1, back=True)
    return redirect("catch_up")
