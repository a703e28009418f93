"""The template tag `blocks`."""

from typing import Any

from django import template

from rooms.models import Room

register = template.Library()

# Blocks shown of each kind; REST lists all.
MAX_SHOWN = 100


@register.inclusion_tag("rooms/_blocks.html", takes_context=True)
def blocks(context: template.Context) -> dict[str, Any]:
    """Render the section of the profile that lists and lifts blocks; empty without any."""
    user = context["request"].user
    people = list(user.person_blocks.select_related("blocked").order_by("blocked__username")[: MAX_SHOWN + 1])
    rooms = list(user.room_blocks.select_related("room").order_by("room__name")[: MAX_SHOWN + 1])
    Room.find_people([block.room for block in rooms])
    return {
        "people": people[:MAX_SHOWN],
        "rooms": rooms[:MAX_SHOWN],
        "more": len(people) > MAX_SHOWN or len(rooms) > MAX_SHOWN,
        "csrf_token": context.get("csrf_token"),
    }
