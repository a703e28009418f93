"""The page of the site's own emoji."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from chatsite.web.middleware import names_file
from chatsite.web.pages import attempt, form_page, post_data, signed_in
from emoji import services
from emoji.forms import EmojiForm
from emoji.payloads import emoji_payload
from files.small_pictures import FIELD


@names_file(FIELD)
@signed_in
def emoji_page(request: HttpRequest) -> HttpResponse:
    """Show all emoji, and add one."""
    user: Any = request.user
    form = EmojiForm(post_data(request), request.FILES or None)
    done, outcome = attempt(form, lambda name, image: services.add(user, name, image))
    if done:
        messages.success(request, f"{outcome} is added.")
        return redirect("own_emoji")
    shown = [
        {**emoji_payload(emoji), "removable": services.may_remove(user, emoji)}
        for emoji in services.standing()
    ]
    return form_page(request, "emoji/emoji.html", form, outcome, emoji=shown, may_add=services.may_add(user))


@require_POST
@signed_in
def remove(request: HttpRequest, name: str) -> HttpResponse:
    """Remove an emoji."""
    user: Any = request.user
    emoji = services.found(name)
    services.remove(user, emoji)
    messages.success(request, f"{emoji} is removed.")
    return redirect("own_emoji")
