"""The sidebar's row of the inbox."""

from typing import Any

from django import template

from notifications.services import unread_count

register = template.Library()


@register.inclusion_tag("notifications/_inbox_row.html", takes_context=True)
def inbox_row(context: template.Context) -> dict[str, Any]:
    """Render the row with how much is unread. The context has the `user` and the `current` page. One query."""
    return {"unread": unread_count(context["user"]), "current": context.get("current")}
