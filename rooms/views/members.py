"""Pages of a room's members."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.names import lookup
from accounts.names.marks import signs_among
from accounts.payloads import user_brief
from accounts.status import own_emoji
from chatsite.contract.errors import ChatError
from chatsite.web.pages import attempt, form_page, post_data, signed_in, without_nulls, words
from rooms import access, services
from rooms.forms import ChangeMemberForm, MemberForm
from rooms.models import Membership, Room
from rooms.payloads import member_payload, room_payload

MEMBERS_PER_PAGE = 100


@signed_in
def members(request: HttpRequest, slug: str) -> HttpResponse:
    """List members, and add one."""
    user: Any = request.user
    mine = access.membership_for(user, slug)
    form = MemberForm(post_data(request))
    done, outcome = attempt(form, lambda username: services.add_member(user, slug, username.lstrip("@")))
    if done:
        return redirect("room_members", slug)
    context = members_page(user, mine, words(request, "q")[:64], words(request, "after"))
    return form_page(request, "rooms/members.html", form, outcome, **context)


def members_page(user: User, mine: Membership, query: str, after: str) -> dict[str, Any]:
    """Return the context: members by username in pages, after a name, and with `query` in a name."""
    room = mine.room
    found = room.memberships.filter(user__is_active=True, user__username__gt=after).select_related("user")
    found = found.filter(lookup.name_contains(query, "user__username", "user__display_name"))
    members = [member_payload(one) for one in found.order_by("user__username")[: MEMBERS_PER_PAGE + 1]]
    marks = signs_among(member["user"]["username"] for member in members).marks
    others = User.objects.filter(is_active=True).exclude(memberships__room=room)[:MEMBERS_PER_PAGE]
    return {
        "room": room_payload(user, room),
        "mine": mine,
        "owner": mine.role == Membership.Role.OWNER,
        "members": [
            {
                **member,
                "below": below(mine, member),
                "mark": marks.get(member["user"]["username"]),
                "status": own_emoji.shown(member["user"]["status"]),
            }
            for member in members[:MEMBERS_PER_PAGE]
        ],
        "query": query,
        "many": bool(query or after or len(members) > MEMBERS_PER_PAGE),
        "next": members[MEMBERS_PER_PAGE - 1]["user"]["username"]
        if len(members) > MEMBERS_PER_PAGE
        else None,
        "roles": Membership.Role.choices,
        "people": [user_brief(other) for other in others] if mine.moderates else [],
        "current": room.slug,
    }


def below(mine: Membership, member: dict[str, Any]) -> bool:
    """Return whether the person may change this member, by the rule of `membership.authorise_over`."""
    if mine.room.kind == Room.Kind.DIRECT or member["user"]["username"] == mine.user.username:
        return False
    if mine.role == Membership.Role.OWNER:
        return True
    return mine.moderates and member["role"] == Membership.Role.MEMBER


@require_POST
@signed_in
def member(request: HttpRequest, slug: str, username: str) -> HttpResponse:
    """Change one member: a role, a mute, a removal or a ban."""
    user: Any = request.user
    form = ChangeMemberForm(request.POST)
    if form.is_valid():
        try:
            change(user, slug, without_nulls(username), form.cleaned_data)
        except ChatError as error:
            messages.error(request, error.detail)
    return redirect("room_members", slug)


def change(user: User, slug: str, username: str, wanted: dict[str, Any]) -> None:
    """Call the service of the wanted change."""
    if wanted["ban"]:
        services.ban(user, slug, username)
    elif wanted["remove"]:
        services.remove_member(user, slug, username)
    else:
        services.change_member(user, slug, username, role=wanted["role"] or None, muted=wanted["muted"])
