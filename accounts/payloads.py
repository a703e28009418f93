"""People as clients see them: dictionaries in the contract's shapes.

An avatar is initials on one of eight colours, and the person's picture, if there is one.
"""

import re
import zlib
from collections.abc import Collection
from functools import lru_cache
from typing import Any, Protocol

from accounts.models import Availability, User
from accounts.presence import idle, presence
from accounts.profile_broadcast import Views
from chatsite.contract.times import iso

Payload = dict[str, Any]

# Number of colors of avatars, each defined in the style sheet.
COLORS = 8


class Named(Protocol):
    """A User, or as much of one as a brief payload needs."""

    @property
    def username(self) -> Any: ...
    @property
    def name(self) -> str: ...
    @property
    def avatar(self) -> Any: ...


def user_brief(user: Named) -> Payload:
    """Return `{username, display_name, avatar}`."""
    name = user.name
    return {
        "username": user.username,
        "display_name": name,
        "avatar": {
            "initials": initials(name),
            "color": color(user.username),
            "url": f"/user/{user.username}/avatar/{user.avatar}/{{size}}" if user.avatar else None,
        },
    }


@lru_cache(maxsize=10_000)
def initials(name: str) -> str:
    """Return at most two letters: the first of the first and the last word, or the first two of a single word."""
    words = [
        letters for word in re.split(r"[\s._-]+", name) if (letters := [c for c in word if c.isalnum()])
    ] or [["?"]]
    chosen = words[0][:2] if len(words) == 1 else [words[0][0], words[-1][0]]
    # "ß" becomes two letters in capitals.
    return "".join(letter.upper()[:1] for letter in chosen)


@lru_cache(maxsize=10_000)
def color(username: str) -> int:
    """Return 0 to 7, always the same for a username in any case."""
    return zlib.crc32(username.lower().encode()) % COLORS


def user_payload(user: User) -> Payload:
    """Return `user_brief` with what others see of a person besides: `online`, `last_seen`, `availability`, `status`,
    `time_zone`."""
    last_seen = presence.seen.get(user.pk, user.last_seen)
    choice = user.chosen_availability
    return {
        **user_brief(user),
        "online": choice != Availability.INVISIBLE and presence.is_online(user.pk),
        "last_seen": iso(last_seen),
        "availability": shown_availability(user.pk, choice),
        "status": status_payload(user),
        "time_zone": user.time_zone if user.show_local_time and user.time_zone else None,
    }


def shown_availability(user_id: int, choice: str) -> str:
    """Return the availability that others see. Who is invisible looks as somebody who chose nothing and isn't there."""
    if choice == Availability.INVISIBLE:
        return Availability.AUTOMATIC.value
    if choice == Availability.AUTOMATIC and idle.is_away(user_id):
        return Availability.AWAY.value
    return Availability(choice).value


def status_payload(user: User) -> Payload | None:
    """Return `{emoji, text, until}`; None without a status or after its end."""
    if not user.has_status:
        return None
    return {"emoji": user.status_emoji, "text": user.status_text, "until": iso(user.status_until)}


def self_payload(user: User) -> Payload:
    """Return `user_payload` as the person sees it: online although they are invisible, and as they chose to be."""
    choice = user.chosen_availability
    shown = shown_availability(user.pk, choice) if choice != Availability.INVISIBLE else choice.value
    return {**user_payload(user), "online": presence.is_connected(user.pk), "availability": shown}


def payload_for(viewer: User, user: User) -> Payload:
    """Return the payload of a person as the viewer sees them."""
    return self_payload(user) if viewer.pk == user.pk else user_payload(user)


def user_views(user_ids: Collection[int]) -> dict[int, Views]:
    """Return payloads by id, of the users who exist. One query."""
    found = User.objects.filter(pk__in=user_ids) if user_ids else ()
    return {user.pk: Views(user_payload(user), self_payload(user)) for user in found}


def own_payload(user: User) -> Payload:
    """Return `self_payload` with what only the person may see: `email` and settings."""
    return {
        **self_payload(user),
        "availability": user.chosen_availability.value,
        "availability_until": iso(user.availability_until) if choice_lasts(user) else None,
        "email": user.email,
        "double_click_reaction": user.double_click_reaction,
        "show_previews": user.show_previews,
        "show_receipts": user.show_receipts,
        "single_keys": user.single_keys,
        "time_zone": user.time_zone or None,
        "show_local_time": user.show_local_time,
    }


def choice_lasts(user: User) -> bool:
    """Return whether the person chose an availability, whose end hasn't passed."""
    return user.chosen_availability != Availability.AUTOMATIC
