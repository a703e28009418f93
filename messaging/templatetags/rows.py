"""Template tags for rows of messages and members, rendered through the fragment cache."""

from django import template
from django.utils.safestring import SafeString

from chatsite.web.fragment_cache import render_fragment
from messaging.history.timeline import Row
from messaging.payloads import Payload

register = template.Library()


@register.simple_tag(takes_context=True)
def message(context: template.Context, row: Row) -> SafeString:
    """Render one message. The context has `online` (usernames), `target` (a message's id) and the people's `signs`."""
    said, signs = row.message, context["signs"]
    sender, answered = said["sender"]["username"], said["reply_to"]
    shown = {**said, "sender": {**said["sender"], "online": sender in context["online"]}}
    return render_fragment(
        "messaging/_message.html",
        row={"message": shown, "continued": row.continued, "mentions_me": row.mentions_me, "time": row.time},
        target=said["id"] == context.get("target"),
        mark=signs.marks.get(sender),
        alike=sender in signs.alike,
        quote_alike=bool(answered) and answered["sender"]["username"] in signs.alike,
    )


@register.simple_tag(takes_context=True)
def member(context: template.Context, one: Payload) -> SafeString:
    """Render one member of the list beside the messages."""
    user, signs = (
        {key: one["user"][key] for key in ("username", "display_name", "avatar", "online")},
        context["signs"],
    )
    return render_fragment(
        "messaging/_member.html",
        member={"user": user, "role": one["role"]},
        mark=signs.marks.get(user["username"]),
        alike=user["username"] in signs.alike,
    )
