"""Removal of a preview by a page's form, without scripts."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from chatsite.contract.errors import NotFound
from chatsite.web.pages import signed_in
from messaging.services import visible_message
from previews import services


@require_POST
@signed_in
def remove(request: HttpRequest, slug: str, pk: int, preview: int) -> HttpResponse:
    """Remove a preview from a message, and show the message."""
    user: Any = request.user
    if visible_message(user, pk).room.slug != slug:
        raise NotFound()
    services.remove(user, pk, preview)
    return redirect(reverse("permalink", args=[slug, pk]) + f"#message-{pk}")
