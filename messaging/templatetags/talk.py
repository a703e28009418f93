from django import template
from django.utils.safestring import SafeString

from chatsite.drawing import drawn
from messaging.payloads import Payload
from messaging.timeline import Row

register = template.Library()


@register.simple_tag(takes_context=True)
def message(context: template.Context, row: Row) -> SafeString:
    """One message of a page, which knows who is `online` (usernames) and which message is the `target` of the address."""
    said = row.message
    return drawn(
        "messaging/_message.html",
        row={"message": said, "continued": row.continued, "mentions_me": row.mentions_me, "time": row.time},
        target=said["id"] == context.get("target"),
        online=said["sender"]["username"] in context["online"],
    )


@register.simple_tag
def member(one: Payload) -> SafeString:
    """A row of the list beside the talk."""
    user = {key: one["user"][key] for key in ("username", "display_name", "avatar", "online")}
    return drawn("messaging/_member.html", member={"user": user, "role": one["role"]})
