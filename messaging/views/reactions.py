"""Reactions by a page's forms, without scripts, and what rows of messages show of them."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.models import User
from chatsite.contract.errors import NotFound
from chatsite.web.pages import signed_in, without_nulls
from messaging.payloads import Payload
from messaging.reactions.services import own_emoji, toggle
from messaging.services import visible_message


@require_POST
@signed_in
def reaction(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Put an emoji under a message, or take it back if it is there, and show the message."""
    user: Any = request.user
    if visible_message(user, pk).room.slug != slug:
        raise NotFound()
    toggle(user, pk, without_nulls(request.POST.get("emoji", "")))
    return redirect(reverse("permalink", args=[slug, pk]) + f"#message-{pk}")


def reactions_context(
    user: User,
    messages: Iterable[Payload],
    people: Iterable[Payload],
    *,
    can_react: bool = False,
    can_take_back: bool = False,
) -> Payload:
    """Return what the tag `message` needs to show reactions: `own_emoji` by message, `names` of the page's `people`
    and of the senders by username, whether the person may react and whether they may take back what they gave."""
    shown = list(messages)
    known = [*people, *(message["sender"] for message in shown)]
    return {
        "own_emoji": own_emoji(user, shown),
        "names": {person["username"]: person["display_name"] for person in known},
        "can_react": can_react,
        "can_take_back": can_take_back,
        # What a script's <template> has of a reaction.
        "blank_reactions": [{}],
    }
