"""Hooks by which the app of drafts, which messaging doesn't know, takes part in the page of a room."""

from collections.abc import Callable

from accounts.models import User
from messaging.payloads import Payload
from rooms.models import Room


def no_draft(user: User, room: Room) -> Payload | None:
    """Return None: nobody keeps drafts."""
    return None


def forget_nothing(user: User, slug: str, version: int) -> None:
    """Do nothing: nobody keeps drafts."""


# Returns the draft with which the composer opens: `body`, `reply_to`, `version`.
draft_of: Callable[[User, Room], Payload | None] = no_draft
# Called once a form was sent that had been filled with the draft of this version.
forget: Callable[[User, str, int], None] = forget_nothing
