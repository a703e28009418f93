"""Pages of a room's settings: name, archive, leave, invite links."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts import services as accounts
from accounts.forms import InviteForm
from chatsite.web.pages import attempt, form_page, post_data, signed_in, without_nulls
from rooms import access, services
from rooms.forms import RoomForm
from rooms.membership import invites
from rooms.models import Membership, Room, RoomInvite
from rooms.payloads import room_payload


@signed_in
def room_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Set the name and topic; shows what else an owner may do."""
    user: Any = request.user
    mine = access.membership_for(user, slug)
    form = RoomForm(post_data(request), initial=named(mine))
    done, outcome = attempt(form, lambda **data: services.update_room(user, slug, **data))
    if done:
        messages.success(request, "Saved.")
        return redirect("room_settings", slug)
    return settings_page(request, mine, form, InviteForm(), form, outcome)


def named(mine: Membership) -> dict[str, str]:
    """Return the form's initial values."""
    return {"name": mine.room.name, "topic": mine.room.topic}


def settings_page(
    request: HttpRequest,
    mine: Membership,
    room_form: RoomForm,
    invite_form: InviteForm,
    used: forms.Form,
    outcome: Any,
) -> HttpResponse:
    """Render both forms; `used` is the one that was sent, and `outcome` its result (`form_page`)."""
    user: Any = request.user
    invites_here = mine.moderates and mine.room.kind != Room.Kind.DIRECT and not mine.room.archived
    context = {
        "room": room_payload(user, mine.room),
        "mine": mine,
        "room_form": room_form,
        "invites_here": invites_here,
        "invite_form": invite_form,
        "may_invite": invites_here and accounts.may_invite(user),
        "links": links(request, mine.room) if invites_here else [],
        "current": mine.room.slug,
    }
    return form_page(request, "rooms/settings.html", used, outcome, **context)


def links(request: HttpRequest, room: Room) -> list[tuple[RoomInvite, str]]:
    """Return the room's links with their addresses."""
    return [
        (link, request.build_absolute_uri(reverse("invite", args=[link.invite.code])))
        for link in invites.listed(room)
    ]


@require_POST
@signed_in
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    """Archive the room or bring it back."""
    archived = request.POST.get("archived") == "1"
    services.set_archived(request.user, slug, archived)  # type: ignore[arg-type]
    messages.success(request, "The room is archived." if archived else "The room is open again.")
    return redirect("room_settings", slug)


@require_POST
@signed_in
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Leave the room; with `block`, nobody can add them again."""
    user: Any = request.user
    if request.POST.get("block"):
        services.block_room(user, slug)
    else:
        services.leave_room(user, slug)
    return redirect("browse")


@require_POST
@signed_in
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a link into the room."""
    user: Any = request.user
    mine = access.moderating_membership(user, slug)
    form = InviteForm(request.POST)
    done, outcome = attempt(form, lambda **data: services.make_room_invite(user, slug, **data))
    if done:
        return redirect(reverse("room_settings", args=[slug]) + "#invite")
    return settings_page(request, mine, RoomForm(initial=named(mine)), form, form, outcome)


@require_POST
@signed_in
def revoke(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Revoke a link into the room."""
    accounts.revoke_invite(invites.find(request.user, slug, without_nulls(code)).invite)  # type: ignore[arg-type]
    return redirect(reverse("room_settings", args=[slug]) + "#invite")
