"""The sidebar of signed-in pages."""

from collections.abc import Callable, Collection
from typing import Any

import orjson
from django import template
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.names.marks import looks_alike
from accounts.payloads import self_payload, shown_availability, status_payload
from accounts.presence import presence
from accounts.status import own_emoji
from chatsite.web.fragment_cache import render_fragment
from rooms.models import Room
from rooms.payloads import MAX_NEAREST, Payload, sidebar_payloads
from rooms.unread.marks import marks_of

register = template.Library()
SHOWN_COLUMNS = (
    *("username", "availability", "availability_until"),
    *("status_emoji", "status_text", "status_until"),
)
NOTHING_SHOWN = {"online": False, "availability": "", "status": None}
Drafts = Callable[[User], Collection[str]]


def no_rooms(user: User) -> Collection[str]:
    """Return nothing: nobody keeps drafts."""
    return ()


# Returns the slugs of rooms in which the person has begun to write; the app of drafts sets it.
rooms_with_drafts: Drafts = no_rooms


@register.inclusion_tag("rooms/_sidebar.html", takes_context=True)
def sidebar(context: template.Context) -> dict[str, Any]:
    """Render the column at the left: the nearest rooms and direct rooms, and the person's own name."""
    user = context["request"].user
    # Read before what they mark: a change in between is asked for once more, and not missed.
    marks = context.get("marks") or marks_of(user.pk)
    begun = rooms_with_drafts(user)
    rooms = [
        {**room, "draft": room["slug"] in begun} for room in with_current(sidebar_payloads(user), context)
    ]
    return {
        "marks": orjson.dumps(marks).decode(),
        "site": context.get("site"),
        "me": self_payload(user),
        "my_status": own_emoji.shown(status_payload(user)),
        "user": user,
        "current": context.get("current", ""),
        "rooms": sorted((room for room in rooms if room["kind"] != Room.Kind.DIRECT), key=by_name),
        "directs": with_presence(
            sorted((room for room in rooms if room["kind"] == Room.Kind.DIRECT), key=by_name)
        ),
        "unread": any(room["unread"] for room in rooms),
        "more": len(rooms) >= MAX_NEAREST,
    }


def with_current(rooms: list[Payload], context: template.Context) -> list[Payload]:
    """Add the room of this page if it isn't among the nearest."""
    here = context.get("room")
    if not here or not here["role"] or any(room["slug"] == here["slug"] for room in rooms):
        return rooms
    return [*rooms, here]


@register.simple_tag
def side_room(room: Payload, current: str) -> SafeString:
    """Render one room. In a direct room every unread message counts as others' mentions do."""
    calls = room["unread"] if room["kind"] == Room.Kind.DIRECT else room["mentions"]
    about = {key: room[key] for key in ("slug", "name", "kind", "avatar", "archived", "unread", "mentions")}
    about["draft"] = room.get("draft", False)
    about["people"] = room.get("people", [])[:1]
    return render_fragment(
        "rooms/_side_room.html",
        room=about,
        calls=calls,
        current=room["slug"] == current and current,
        usernames=usernames(room),
    )


def by_name(room: Payload) -> tuple[bool, str]:
    """Sort key: open rooms first, then by name."""
    return room["archived"], room["name"].casefold()


def with_presence(directs: list[Payload]) -> list[Payload]:
    """Add `online`, `availability` and `status` to each person of the direct rooms."""
    names = {person["username"] for room in directs for person in room["people"]}
    found = list(User.objects.filter(username__in=names).annotate(alike=looks_alike()).only(*SHOWN_COLUMNS))
    people = {user.username: shown_of(user) for user in found}
    alike = {user.username for user in found if user.alike}
    return [with_people(room, people, alike) for room in directs]


def shown_of(user: User) -> Payload:
    """Return what the sidebar shows of a person besides the name."""
    return {
        "online": presence.is_online(user.pk),
        "availability": shown_availability(user.pk, user.chosen_availability),
        "status": own_emoji.shown(status_payload(user)),
    }


def with_people(room: Payload, people: dict[str, Payload], alike: set[str]) -> Payload:
    """Add what is shown of a direct room's people, and its short name."""
    shown = [{**person, **people.get(person["username"], NOTHING_SHOWN)} for person in room["people"]]
    return {**room, "people": shown, "name": sidebar_name(room, alike)}


def sidebar_name(room: Payload, alike: set[str]) -> str:
    """The name of a direct room: first names where it has several people, so that they fit; the username behind the name of
    one person whose name looks like another's. `static/js/models/sidebar_name.js` follows the same rule."""
    people = room["people"]
    if len(people) != 1:
        return ", ".join(person["display_name"].split()[0] for person in people) or room["name"]
    (person,) = people
    distinct = person["display_name"] == person["username"] or person["username"] not in alike
    return room["name"] if distinct else f"{room['name']} @{person['username']}"


@register.filter
def usernames(room: Payload) -> str:
    """Return "@ada, @bo" of a direct room; empty if these are the names that it shows."""
    people = room.get("people", [])
    told = any(person["username"] != person["display_name"] for person in people)
    return ", ".join(f"@{person['username']}" for person in people) if told else ""
