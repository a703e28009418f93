"""Who is in a room, and what may be changed about them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.payloads import user_brief
from chatsite.errors import ChatError
from chatsite.pages import add_errors, signed_in, without_nulls
from rooms import access, membership
from rooms.forms import ChangeMemberForm, MemberForm
from rooms.models import Membership, Room
from rooms.payloads import member_payloads, room_payload


@signed_in
def members(request: HttpRequest, slug: str) -> HttpResponse:
    user: Any = request.user
    mine = access.membership_for(user, slug)
    form = MemberForm(request.POST or None)
    if form.is_valid():
        try:
            membership.add_member(user, slug, form.cleaned_data["username"].lstrip("@"))
            return redirect("room_members", slug)
        except ChatError as error:
            add_errors(form, error)
    return render(
        request, "rooms/members.html", members_page(user, mine, form), status=400 if form.errors else 200
    )


def members_page(user: User, mine: Membership, form: MemberForm) -> dict[str, Any]:
    room = mine.room
    here = member_payloads(room)
    inside = {member["user"]["username"] for member in here}
    others = User.objects.filter(is_active=True).exclude(username__in=inside)[:500]
    return {
        "room": room_payload(user, room),
        "mine": mine,
        "owner": mine.role == Membership.Role.OWNER,
        "members": [{**member, "below": below(mine, member)} for member in here],
        "roles": Membership.Role.choices,
        "people": [user_brief(other) for other in others] if mine.moderates else [],
        "form": form,
        "current": room.slug,
    }


def below(mine: Membership, member: dict[str, Any]) -> bool:
    """Whether I may change this member: what `membership.over` allows, of others."""
    if mine.room.kind == Room.Kind.DIRECT or member["user"]["username"] == mine.user.username:
        return False
    if mine.role == Membership.Role.OWNER:
        return True
    return mine.moderates and member["role"] == Membership.Role.MEMBER


@require_POST
@signed_in
def member(request: HttpRequest, slug: str, username: str) -> HttpResponse:
    """A role, a mute, a removal or a ban, of one member."""
    user: Any = request.user
    form = ChangeMemberForm(request.POST)
    if form.is_valid():
        try:
            change(user, slug, without_nulls(username), form.cleaned_data)
        except ChatError as error:
            messages.error(request, error.detail)
    return redirect("room_members", slug)


def change(user: User, slug: str, username: str, wanted: dict[str, Any]) -> None:
    if wanted["ban"]:
        membership.ban(user, slug, username)
    elif wanted["remove"]:
        membership.remove_member(user, slug, username)
    else:
        membership.change_member(user, slug, username, role=wanted["role"] or None, muted=wanted["muted"])
