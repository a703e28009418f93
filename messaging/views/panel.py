"""The list of members beside the messages: who is online above the others. Of large rooms a part."""

from collections.abc import Iterable
from typing import Any

from accounts.models import User
from accounts.payloads import shown_availability
from accounts.presence import presence
from messaging.payloads import Payload
from rooms.models import Room
from rooms.payloads import member_payload, member_payloads

# Members up to which all are shown, and of a larger room how many online and how many offline. The members page has
# all.
MAX_SHOWN, SHOWN_OF_LARGE = 200, 100


def panel(here: Room, count: int, senders: Iterable[str]) -> Payload:
    """Return the context of `_members.html`; `online` has the availability by username of those online among members and
    `senders`."""
    if count <= MAX_SHOWN:
        members = member_payloads(here)
        online = [member for member in members if member["user"]["online"]]
        away = [member for member in members if not member["user"]["online"]]
        return shown(
            online,
            away,
            0,
            0,
            {member["user"]["username"]: member["user"]["availability"] for member in online},
        )
    return large(here, count, senders)


def large(here: Room, count: int, senders: Iterable[str]) -> Payload:
    """Return the context for a large room."""
    ids = presence.online_among(here.memberships.values_list("user_id", flat=True))
    members = here.memberships.filter(user__is_active=True).select_related("user")
    online = [member_payload(one) for one in members.filter(user__in=sorted(ids)[:SHOWN_OF_LARGE])]
    # By id, so that no more is read than shown.
    first = members.order_by("user_id")[: 2 * SHOWN_OF_LARGE]
    away = [member_payload(one) for one in first if one.user_id not in ids][:SHOWN_OF_LARGE]
    return shown(online, away, len(ids) - len(online), count - len(ids) - len(away), online_of(set(senders)))


def online_of(usernames: set[str]) -> dict[str, str]:
    """Return the availability by username of those who are online."""
    columns = ("username", "availability", "availability_until")
    found = User.objects.filter(username__in=usernames).only(*columns)
    return {
        user.username: shown_availability(user.pk, user.chosen_availability)
        for user in found
        if presence.is_online(user.pk)
    }


def shown(
    online: list[Payload], away: list[Payload], more_here: int, more_away: int, about: dict[str, str]
) -> Payload:
    """Return the context of both parts."""
    return {
        "here_now": sorted(online, key=by_name),
        "away": sorted(away, key=by_name),
        "more_here": more_here,
        "more_away": more_away,
        "here_count": len(online) + more_here,
        "away_count": len(away) + more_away,
        "more": more_here + more_away,
        "online": about,
    }


def by_name(member: Payload) -> Any:
    """Sort key: the display name."""
    return member["user"]["display_name"].casefold()
