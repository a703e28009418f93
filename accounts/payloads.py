"""People as clients see them: dictionaries in the contract's shapes."""

from collections.abc import Collection
from typing import Any, Protocol

from accounts.models import User
from accounts.names import color, initials
from accounts.presence import presence
from chatsite.contract.times import iso

Payload = dict[str, Any]


class Named(Protocol):
    """A User, or as much of one as a brief payload needs."""

    @property
    def username(self) -> Any: ...
    @property
    def name(self) -> str: ...


def user_brief(user: Named) -> Payload:
    """Return `{username, display_name, avatar}`."""
    return {
        "username": user.username,
        "display_name": user.name,
        "avatar": {"initials": initials(user.name), "color": color(user.username)},
    }


def user_payload(user: User) -> Payload:
    """Return `user_brief` with `online` and `last_seen`."""
    last_seen = presence.seen.get(user.pk, user.last_seen)
    return {**user_brief(user), "online": presence.is_online(user.pk), "last_seen": iso(last_seen)}


def user_payloads(user_ids: Collection[int]) -> dict[int, Payload]:
    """Return payloads by id, of the users who exist. One query."""
    return {user.pk: user_payload(user) for user in User.objects.filter(pk__in=user_ids)}


def own_payload(user: User) -> Payload:
    """Return `user_payload` with `email`, which only the person may see."""
    return {**user_payload(user), "email": user.email}
