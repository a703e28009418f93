"""Pages of notifications: the inbox, settings, the level of a room, and why one was told. All work without scripts."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.models import SiteSettings, User
from accounts.names.marks import Signs, signs_among
from accounts.payloads import user_payload
from chatsite.contract.errors import NotFound
from chatsite.web.pages import attempt, form_page, post_data, signed_in, zone_of
from messaging.services import visible_message
from notifications import inbox, services
from notifications.forms import CallersForm, LevelForm, PreferencesForm, QuietForm, ScheduleForm
from notifications.mailing import due, wishes
from notifications.models import Kind, Notification, Preferences
from notifications.why import why
from rooms import access
from rooms import services as rooms
from rooms.membership import levels
from rooms.models import Membership, Room
from rooms.payloads import room_payload

ROWS_PER_PAGE = 30
# Rooms with a level of their own that the settings list.
MAX_ROOMS = 100
# Tabs of the inbox, by what the address says, and their kinds.
TABS = (
    ("", "All", ()),
    ("mentions", "Mentions", (Kind.MENTION, Kind.KEYWORD)),
    ("direct", "Direct", (Kind.DIRECT,)),
    ("reactions", "Reactions", (Kind.REACTION,)),
)
# Minutes without disturbance, and their words.
QUIET = ((30, "For 30 minutes"), (60, "For an hour"), (240, "For 4 hours"), (1440, "For a day"))


@signed_in
def inbox_page(request: HttpRequest) -> HttpResponse:
    """Show the inbox; mark one notification, or all, as read."""
    user: Any = request.user
    if request.method == "POST":
        return mark(request, user)
    tab = request.GET.get("tab", "")
    kinds = next((kinds for name, _, kinds in TABS if name == tab), ())
    found = services.listed(user, kinds).order_by("-pk")
    if (before := number(request.GET.get("before"))) is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: ROWS_PER_PAGE + 1])
    context = {
        "current": "inbox",
        "tab": tab,
        "tabs": [(name, words) for name, words, _ in TABS],
        "entries": entries(rows[:ROWS_PER_PAGE]),
        "older": rows[ROWS_PER_PAGE - 1].pk if len(rows) > ROWS_PER_PAGE else None,
        "first": before is None,
    }
    return render(request, "notifications/inbox.html", context)


def number(text: str | None) -> int | None:
    """Return the id in a form or an address; None if it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def mark(request: HttpRequest, user: User) -> HttpResponse:
    """Mark what the form names as read."""
    pk = number(request.POST.get("id"))
    if pk is not None:
        services.mark_read(user, ids=[pk])
    elif request.POST.get("all"):
        services.mark_read(user, everything=True)
    return redirect(request.get_full_path())


def entries(rows: list[Notification]) -> list[dict[str, Any]]:
    """Return what the page shows of the rows. Two queries for any number."""
    signs = signs_among({row.actor.username for row in rows if row.actor})
    return [entry(row, signs) for row in rows]


def entry(row: Notification, signs: Signs) -> dict[str, Any]:
    """Return what the page shows of a row."""
    shown = inbox.payload(row) | {"at": row.at}
    if row.room:
        shown |= {"room_name": row.room.name, "is_direct": row.room.kind == Room.Kind.DIRECT}
    if row.actor:
        name = row.actor.username
        shown |= {
            "person": user_payload(row.actor),
            "mark": signs.marks.get(name),
            "alike": name in signs.alike,
        }
    return shown


@signed_in
def settings(request: HttpRequest) -> HttpResponse:
    """Change what one is told of, and the hours of it."""
    user: Any = request.user
    mine = services.preferences_of(user)
    sent = request.POST.get("form") if request.method == "POST" else None
    words = PreferencesForm(
        post_data(request) if sent != "schedule" else None, initial=chosen(user, mine), mails=due.enabled()
    )
    zone = mine.zone or str(zone_of(request))
    hours = ScheduleForm(
        post_data(request) if sent == "schedule" else None, schedule=mine.schedule, zone=zone
    )
    used: Any = hours if sent == "schedule" else words
    done, outcome = attempt(used, lambda **_: services.change_preferences(user, **used.changes()))
    if done:
        messages.success(request, "Saved.")
        return redirect("notification_settings")
    return settings_page(request, mine, words, hours, used, outcome)


def chosen(user: User, mine: Preferences) -> dict[str, str]:
    """Return the initial values of a PreferencesForm."""
    return {
        "level": user.notification_level or "default",
        "keywords": mine.keywords,
        "mail": wishes.wish_of(user),
    }


def settings_page(
    request: HttpRequest,
    mine: Preferences,
    words: PreferencesForm,
    hours: ScheduleForm,
    used: forms.Form,
    outcome: object,
) -> HttpResponse:
    """Render all forms; `used` is the one that was sent, and `outcome` its result (`form_page`)."""
    user: Any = request.user
    own = Membership.objects.filter(user=user).exclude(level="").select_related("room")
    with_levels = list(own.order_by("room__slug")[:MAX_ROOMS])
    Room.find_people([membership.room for membership in with_levels])
    return form_page(
        request,
        "notifications/settings.html",
        used,
        outcome,
        words=words,
        hours=hours,
        quiet=mine.quiet_until if mine.quiet_until and mine.quiet_until > timezone.now() else None,
        quiet_choices=QUIET,
        with_levels=with_levels,
        site_level=SiteSettings.load().get_notification_level_display(),
    )


@require_POST
@signed_in
def quiet(request: HttpRequest) -> HttpResponse:
    """Begin or end do-not-disturb."""
    user: Any = request.user
    form = QuietForm(request.POST)
    if form.is_valid():
        minutes = form.cleaned_data["minutes"]
        until = timezone.now() + timedelta(minutes=minutes) if minutes else None
        services.change_preferences(user, quiet_until=until)
    return redirect("notification_settings")


@signed_in
def room_level(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose what one is told of in a room; its moderators also, who may call everybody."""
    user: Any = request.user
    mine = access.membership_for(user, slug)
    calling = request.method == "POST" and "callers" in request.POST
    level = LevelForm(None if calling else post_data(request), initial={"level": mine.level or "default"})
    callers = CallersForm(
        post_data(request) if calling else None, initial={"callers": mine.room.callers or "by_size"}
    )
    used: Any = callers if calling else level
    done, outcome = attempt(used, lambda **data: change(user, slug, **data))
    if done:
        messages.success(request, "Saved.")
        return redirect("room_level", slug)
    context = {
        "room": room_payload(user, mine.room),
        "current": slug,
        "level_form": level,
        "callers_form": callers
        if mine.moderates and mine.room.kind != Room.Kind.DIRECT and not mine.room.archived
        else None,
        "effective": levels.own_level(user, slug),
    }
    return form_page(request, "notifications/room_level.html", used, outcome, **context)


def change(user: User, slug: str, *, level: str = "", callers: str = "") -> None:
    """Call the service of the form that was sent."""
    if callers:
        rooms.update_room(user, slug, callers=callers)
    else:
        rooms.set_level(user, slug, "" if level == "default" else level)


@signed_in
def why_page(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say why one was told of a message, or wasn't."""
    user: Any = request.user
    message = visible_message(user, pk)
    if message.room.slug != slug:
        raise NotFound()
    context = {
        "current": slug,
        "room": room_payload(user, message.room),
        "message": message,
        "channels": [channel | {"name": NAMES[channel["channel"]]} for channel in why(user, pk)["channels"]],
        "link": reverse("permalink", args=[slug, pk]) + f"#message-{pk}",
    }
    # The part alone is for the room's dialog.
    template = "notifications/_why.html" if "part" in request.GET else "notifications/why.html"
    return render(request, template, context)


NAMES = {"inbox": "Inbox", "desktop": "On an open page", "push": "On my devices", "mail": "By mail"}
