"""Pages that find and make rooms and conversations, and a person's card."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.models import User
from accounts.names import lookup
from accounts.names.marks import mark_of
from accounts.payloads import payload_for, user_payload
from accounts.presence import presence
from accounts.status import own_emoji
from chatsite.contract.zones import find_zone
from chatsite.web.pages import attempt, form_page, post_data, signed_in, without_nulls, words
from chatsite.web.rest.api import me
from rooms import services
from rooms.forms import DirectForm, NewRoomForm
from rooms.membership import membership
from rooms.models import Room
from rooms.payloads import room_payloads

# People on one page; others are found by name.
MAX_PEOPLE = 200
ROOMS_PER_PAGE = 100


@signed_in
def browse(request: HttpRequest) -> HttpResponse:
    """List the public rooms and one's own, or with `mine` only these; a page at a time by slug, each page by name."""
    user: Any = request.user
    query, mine, after = words(request, "q")[:64], words(request, "mine"), words(request, "after")
    found = list(rooms_of(user, query, mine, after)[: ROOMS_PER_PAGE + 1])
    rooms = room_payloads(user, found[:ROOMS_PER_PAGE])
    rooms.sort(key=lambda room: (room["archived"], room["name"].casefold()))
    context = {
        "current": "browse",
        "query": query,
        "mine": mine,
        "after": after,
        "next": found[ROOMS_PER_PAGE - 1].slug if len(found) > ROOMS_PER_PAGE else None,
        "joined": [room for room in rooms if room["role"]],
        "open": [room for room in rooms if not room["role"]],
    }
    return render(request, "rooms/browse.html", context)


def rooms_of(user: User, query: str, mine: str, after: str) -> QuerySet[Room]:
    """Return the matching rooms by slug, archived ones only if the user is a member."""
    joined = Q(pk__in=user.memberships.values("room"))
    found = Room.objects.readable_by(user).exclude(kind=Room.Kind.DIRECT).filter(slug__gt=after)
    found = found.filter(joined if mine else joined | Q(archived_at=None))
    return found.filter(lookup.name_contains(query, "name", "topic")).only("slug").order_by("slug")


@signed_in
def room_new(request: HttpRequest) -> HttpResponse:
    """Make a room."""
    form = NewRoomForm(post_data(request))
    done, outcome = attempt(form, lambda **data: services.create_room(me(request), **data))
    if done:
        return redirect("room", outcome.slug)
    return form_page(request, "rooms/new.html", form, outcome, current="new")


@signed_in
def direct_new(request: HttpRequest) -> HttpResponse:
    """Choose the people of a direct room and open it."""
    user: Any = request.user
    query = words(request, "q")[:64]
    others = User.objects.filter(is_active=True).exclude(pk=user.pk)
    form = DirectForm(post_data(request), initial={"members": request.GET.getlist("with")})
    chosen = {without_nulls(str(name)) for name in form["members"].value() or []}
    known = others.filter(username__in=chosen)
    form.fields["members"].choices = [(other.username, other.name) for other in known]  # type: ignore[attr-defined]
    done, outcome = attempt(form, lambda members: services.open_direct(user, members))
    if done:
        return redirect("room", outcome[0].slug)
    found = named(others, query)
    people = [
        {**user_payload(other), "chosen": other.username in chosen} for other in suggested(found, known)
    ]
    people.sort(key=lambda person: (not person["online"], person["display_name"].casefold()))
    context = {
        "people": people,
        "chosen": sorted(chosen),
        "query": query,
        "more": len(people) >= MAX_PEOPLE,
        "current": "direct",
    }
    return form_page(request, "rooms/direct_new.html", form, outcome, **context)


def named(people: QuerySet[User], query: str) -> QuerySet[User]:
    """Keep people with `query` in their username or display name."""
    return people.filter(lookup.name_contains(query, "username", "display_name"))


def suggested(found: QuerySet[User], chosen: QuerySet[User]) -> list[User]:
    """Return the chosen people, some who are online, and the first by name."""
    here = found.filter(pk__in=presence.online_ids().first(MAX_PEOPLE))
    one_each = {other.pk: other for part in (chosen, here, found[:MAX_PEOPLE]) for other in part}
    return list(one_each.values())[:MAX_PEOPLE]


def local_time(zone: str | None) -> str | None:
    """Return what the clock shows in a zone that somebody shows; None without one, or for one that this machine lost."""
    here = find_zone(zone or "")
    return f"{timezone.now().astimezone(here):%H:%M}" if here else None


@signed_in
def person(request: HttpRequest, username: str) -> HttpResponse:
    """Show a person's card, the target of mentions."""
    user: Any = request.user
    other = membership.anybody(without_nulls(username))
    shared = Room.objects.exclude(kind=Room.Kind.DIRECT).filter(memberships__user=user)
    found = list(shared.filter(memberships__user=other).only("slug").order_by("slug")[: ROOMS_PER_PAGE + 1])
    person = payload_for(user, other)
    context = {
        "person": person,
        "status": own_emoji.shown(person["status"]),
        "local_time": local_time(person["time_zone"]),
        "mark": mark_of(other),
        "gone": not other.is_active,
        "shared": room_payloads(user, found[:ROOMS_PER_PAGE]),
        "more": len(found) > ROOMS_PER_PAGE,
        "blocked": user.person_blocks.filter(blocked=other).exists(),
    }
    return render(request, "rooms/person.html", context)
