"""Forms that block people and lift blocks (`blocked=0`). A room is blocked where one leaves it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from chatsite.web.pages import signed_in, without_nulls
from rooms import services


@require_POST
@signed_in
def person(request: HttpRequest, username: str) -> HttpResponse:
    """Block a person, or lift the block."""
    user: Any = request.user
    username = without_nulls(username)
    if request.POST.get("blocked") != "0":
        block, _ = services.block_person(user, username)
        messages.success(request, f"{block.blocked.name} is blocked.")
        return redirect("person", block.blocked.username)
    services.unblock_person(user, username)
    messages.success(request, f"{username} isn't blocked any more.")
    return redirect(listed()) if "listed" in request.POST else redirect("person", username)


@require_POST
@signed_in
def room(request: HttpRequest, slug: str) -> HttpResponse:
    """Lift the block of a room."""
    services.unblock_room(request.user, slug)  # type: ignore[arg-type]
    messages.success(request, "You can be added to the room again.")
    return redirect(listed())


def listed() -> str:
    """Return the URL of the list of blocks."""
    return reverse("profile") + "#blocks"
