"""A room's own pages: settings, archive, leave, invite links."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from chatsite.pages import attempt, form_page, posted, signed_in
from rooms import access, invites, membership, services
from rooms.forms import RoomForm
from rooms.payloads import room_payload


@signed_in
def room_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Name and topic; what else an owner may do stands below."""
    user: Any = request.user
    mine = access.membership_for(user, slug)
    form = RoomForm(posted(request), initial={"name": mine.room.name, "topic": mine.room.topic})
    done, outcome = attempt(form, lambda **data: services.update_room(user, slug, **data))
    if done:
        messages.success(request, "Saved.")
        return redirect("room_settings", slug)
    context = {
        "room": room_payload(user, mine.room),
        "mine": mine,
        "invite_link": request.session.pop("invite_link", None),
        "current": slug,
    }
    return form_page(request, "rooms/settings.html", form, outcome, **context)


@require_POST
@signed_in
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    archived = request.POST.get("archived") == "1"
    services.set_archived(request.user, slug, archived)  # type: ignore[arg-type]
    messages.success(request, "The room is archived." if archived else "The room is open again.")
    return redirect("room_settings", slug)


@require_POST
@signed_in
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    membership.leave_room(request.user, slug)  # type: ignore[arg-type]
    return redirect("browse")


@require_POST
@signed_in
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """A link that leads into the room, shown once on the settings page."""
    link = invites.make_room_invite(request.user, slug)  # type: ignore[arg-type]
    request.session["invite_link"] = request.build_absolute_uri(reverse("invite", args=[link.invite.code]))
    return redirect(reverse("room_settings", args=[slug]) + "#invite")
