"""The pages about rooms and people: browse, make, change, who is in."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.payloads import user_brief, user_payload
from chatsite.errors import ChatError
from chatsite.pages import add_errors, signed_in
from rooms import access, directs, invites, membership, services
from rooms.forms import ChangeMemberForm, DirectForm, MemberForm, NewRoomForm, RoomForm
from rooms.models import Membership, Room
from rooms.payloads import member_payloads, room_payload, room_payloads


@signed_in
def browse(request: HttpRequest) -> HttpResponse:
    """The public rooms and mine, those that I'm in first."""
    user: Any = request.user
    query = request.GET.get("q", "").strip()[:64]
    found = Room.objects.visible_to(user).exclude(kind=Room.Kind.DIRECT)
    if query:
        found = found.filter(name__icontains=query) | found.filter(topic__icontains=query)
    rooms = room_payloads(user, found)
    rooms.sort(key=lambda room: (room["archived"], room["name"].casefold()))
    context = {
        "current": "browse",
        "query": query,
        "joined": [room for room in rooms if room["role"]],
        "open": [room for room in rooms if not room["role"] and not room["archived"]],
    }
    return render(request, "rooms/browse.html", context)


@signed_in
def room_new(request: HttpRequest) -> HttpResponse:
    form = NewRoomForm(request.POST or None)
    if form.is_valid():
        try:
            room = services.create_room(request.user, **form.cleaned_data)  # type: ignore[arg-type]
            return redirect("room", room.slug)
        except ChatError as error:
            add_errors(form, error)
    return render(
        request, "rooms/new.html", {"form": form, "current": "new"}, status=400 if form.errors else 200
    )


@signed_in
def direct_new(request: HttpRequest) -> HttpResponse:
    """Pick the people of a direct conversation."""
    user: Any = request.user
    others = User.objects.filter(is_active=True).exclude(pk=user.pk)
    form = DirectForm(request.POST or None, initial={"members": request.GET.getlist("with")})
    form.fields["members"].choices = [(other.username, other.name) for other in others]  # type: ignore[attr-defined]
    if form.is_valid():
        try:
            room, _ = directs.open_direct(user, form.cleaned_data["members"])
            return redirect("room", room.slug)
        except ChatError as error:
            add_errors(form, error)
    chosen = set(form["members"].value() or [])
    people = [{**user_payload(other), "chosen": other.username in chosen} for other in others]
    people.sort(key=lambda person: (not person["online"], person["display_name"].casefold()))
    context = {"form": form, "people": people, "current": "direct"}
    return render(request, "rooms/direct_new.html", context, status=400 if form.errors else 200)


@signed_in
def person(request: HttpRequest, username: str) -> HttpResponse:
    """Somebody's card, where a mention leads."""
    user: Any = request.user
    other = membership.person(username)
    shared = Room.objects.filter(memberships__user=user).filter(memberships__user=other)
    rooms = [room for room in room_payloads(user, shared) if room["kind"] != Room.Kind.DIRECT]
    return render(request, "rooms/person.html", {"person": user_payload(other), "shared": rooms})


@signed_in
def room_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Name and topic; what else an owner may do stands below."""
    user: Any = request.user
    mine = access.membership_for(user, slug)
    form = RoomForm(request.POST or None, initial={"name": mine.room.name, "topic": mine.room.topic})
    if form.is_valid():
        try:
            services.update_room(user, slug, **form.cleaned_data)
            messages.success(request, "Saved.")
            return redirect("room_settings", slug)
        except ChatError as error:
            add_errors(form, error)
    context = {
        "room": room_payload(user, mine.room),
        "mine": mine,
        "form": form,
        "invite_link": request.session.pop("invite_link", None),
        "current": slug,
    }
    return render(request, "rooms/settings.html", context, status=400 if form.errors else 200)


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
            change(user, slug, username, form.cleaned_data)
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
