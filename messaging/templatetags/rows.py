"""Template tags for rows of messages and members, rendered through the fragment cache."""

from django import template
from django.utils.safestring import SafeString

from accounts.status.own_emoji import shown
from chatsite.contract.emoji import COMMON
from chatsite.web.fragment_cache import render_fragment
from emoji import names
from files.showing import file_views
from messaging.history.timeline import Row, time_of
from messaging.models import PARTS
from messaging.payloads import Payload
from messaging.reactions.sentences import by_whom, label_of

register = template.Library()
# What a row of the members' list shows of a person.
MEMBER_PARTS = ("username", "display_name", "avatar", "online", "availability", "status")


@register.simple_tag(takes_context=True)
def message(context: template.Context, row: Row) -> SafeString:
    """Render one message. The context has `online` (availability by username), `target` (a message's id), the people's
    `signs`, and what `reactions_context` and, where previews of links are shown, `previews_context` return."""
    said, signs = row.message, context["signs"]
    sender, answered, copy = said["sender"]["username"], said["reply_to"], said["forwarded"]
    online = context["online"]
    person = {**said["sender"], "online": sender in online, "availability": online.get(sender, "")}
    whole = {**said, "sender": person, **dict.fromkeys(PARTS)}
    previews = said["previews"] if context.get("show_previews") else []
    target = said["id"] == context.get("target")
    return render_fragment(
        "messaging/_message.html",
        row={"message": whole, "continued": row.continued, "mentions_me": row.mentions_me, "time": row.time},
        target=target,
        files=file_views(said["files"]),
        previews=previews,
        removable=bool(previews) and context["may_remove_previews"] and (row.mine or context["moderates"]),
        reactions=reactions_of(context, said),
        can_react=bool(said["reactions"] or target) and context["can_react"],
        may_mark_unread=target and bool(context.get("mine")),
        offered=offered(said) if target and context["can_react"] else [],
        mark=signs.marks.get(sender),
        alike=sender in signs.alike,
        quote_alike=bool(answered) and answered["sender"]["username"] in signs.alike,
        copy=copy,
        copy_at=copy and time_of(copy),
        copy_alike=bool(copy) and copy["sender"]["username"] in signs.alike,
    )


def reactions_of(context: template.Context, said: Payload) -> list[Payload]:
    """Return the message's reactions with `mine`, whether one is the reader's, and the `label` that a screen reader says.
    The same for all who reacted alike, so that their pages share the fragment."""
    mine = context["own_emoji"].get(said["id"], ())
    return [
        {
            **entry,
            "by": by,
            "mine": own,
            "pressable": pressable,
            "label": label_of(entry["emoji"], by, own, pressable),
            "image": names.image_of(entry["emoji"]),
        }
        for entry in said["reactions"]
        for own in [entry["emoji"] in mine]
        for pressable in [context["can_react"] or (own and context["can_take_back"])]
        for by in [by_whom([name_of(context, user) for user in entry["users"]], entry["count"])]
    ]


def name_of(context: template.Context, username: str) -> str:
    """Return a person's name as the page knows it, with the username behind it if the name looks like another's; of
    anybody else, the username."""
    name: str = context["names"].get(username, username)
    return f"{name} @{username}" if username in context["signs"].alike and name != username else name


def offered(said: Payload) -> list[str]:
    """Return emoji with which a page without scripts offers to react: common ones that the message doesn't have."""
    used = {entry["emoji"] for entry in said["reactions"]}
    return [] if said["deleted"] else [emoji for emoji in COMMON if emoji not in used]


@register.simple_tag(takes_context=True)
def member(context: template.Context, one: Payload) -> SafeString:
    """Render one member of the list beside the messages."""
    user, signs = {key: one["user"][key] for key in MEMBER_PARTS}, context["signs"]
    user["status"] = shown(user["status"])
    return render_fragment(
        "messaging/_member.html",
        member={"user": user, "role": one["role"]},
        mark=signs.marks.get(user["username"]),
        alike=user["username"] in signs.alike,
    )
