"""People as clients see them: dictionaries in the contract's shapes.

An avatar is initials on one of eight colours, and the person's picture, if there is one.
"""

import re
import zlib
from collections.abc import Collection
from functools import lru_cache
from typing import Any, Protocol

from accounts.models import User
from accounts.presence import presence
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
    return {
        "username": user.username,
        "display_name": user.name,
        "avatar": {
            "initials": initials(user.name),
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
    """Return `user_brief` with `online` and `last_seen`."""
    last_seen = presence.seen.get(user.pk, user.last_seen)
    return {**user_brief(user), "online": presence.is_online(user.pk), "last_seen": iso(last_seen)}


def user_payloads(user_ids: Collection[int]) -> dict[int, Payload]:
    """Return payloads by id, of the users who exist. One query."""
    return {user.pk: user_payload(user) for user in User.objects.filter(pk__in=user_ids)}


def own_payload(user: User) -> Payload:
    """Return `user_payload` with what only the person may see: `email` and settings."""
    return {
        **user_payload(user),
        "email": user.email,
        "double_click_reaction": user.double_click_reaction,
        "show_previews": user.show_previews,
        "show_receipts": user.show_receipts,
    }
