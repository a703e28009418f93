"""What other apps do when somebody arrives. They register here, so that accounts needn't import them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import Invite, User

on_arrival: list[Callable[["User"], None]] = []
on_invite: list[Callable[["User", "Invite"], str | None]] = []

# Whether the place that an invite leads to is still open to who comes by it.
leads: list[Callable[["Invite"], bool]] = []

# The name of the place that an invite leads to, for the page that shows it.
destinations: list[Callable[["Invite"], str | None]] = []


def welcome(user: "User") -> None:
    """A new account, through whichever door it came."""
    for greet in on_arrival:
        greet(user)


def follow(user: "User", invite: "Invite") -> str | None:
    """Somebody with an account, new or old, opened an invite link: the page it leads to, if any."""
    pages = [accept(user, invite) for accept in on_invite]
    return next((page for page in pages if page), None)


def leads_somewhere(invite: "Invite") -> bool:
    """False for a link into a room that has gone or is archived, or whose maker moderates it no more."""
    return any(leads_there(invite) for leads_there in leads)


def destination(invite: "Invite") -> str | None:
    names = [name_of(invite) for name_of in destinations]
    return next((name for name in names if name), None)
