"""Hooks by which other apps take part in sign-ups and invite links, so that accounts needn't import them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import Invite, User

on_arrival: list[Callable[["User"], None]] = []
on_invite: list[Callable[["User", "Invite"], str | None]] = []

# Return whether an invite's destination still takes people in.
leads: list[Callable[["Invite"], bool]] = []

# Return the name of an invite's destination, for its page.
destinations: list[Callable[["Invite"], str | None]] = []


def welcome(user: "User") -> None:
    """Call the hooks of a new account, however it was created."""
    for greet in on_arrival:
        greet(user)


def follow(user: "User", invite: "Invite") -> str | None:
    """Call the hooks of a person who uses an invite link; return the page that it leads to, if any."""
    pages = [accept(user, invite) for accept in on_invite]
    return next((page for page in pages if page), None)


def leads_somewhere(invite: "Invite") -> bool:
    """Return whether a hook still takes the invite: False for a link into a room that is archived or that its maker
    no longer moderates."""
    return any(leads_there(invite) for leads_there in leads)


def destination(invite: "Invite") -> str | None:
    """Return the name of the invite's destination, if it has one."""
    names = [name_of(invite) for name_of in destinations]
    return next((name for name in names if name), None)
