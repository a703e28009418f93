from typing import Any

from django import template

register = template.Library()


@register.inclusion_tag("rooms/_blocks.html", takes_context=True)
def blocks(context: template.Context) -> dict[str, Any]:
    """The section of my profile in which I lift my blocks; empty where there are none."""
    user = context["request"].user
    return {
        "people": user.person_blocks.select_related("blocked").order_by("blocked__username"),
        "rooms": user.room_blocks.select_related("room").order_by("room__name"),
        "csrf_token": context.get("csrf_token"),
    }
