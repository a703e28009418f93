"""Pages of scheduled messages, which need no scripts."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from chatsite.web.pages import attempt, form_page, post_data, signed_in, without_nulls
from drafts import pages
from drafts.forms import ChangeScheduledForm, ScheduleForm
from drafts.models import ScheduledMessage
from drafts.scheduled import services
from rooms import access
from rooms.payloads import room_payload, room_payloads


@signed_in
def scheduled(request: HttpRequest) -> HttpResponse:
    """List the person's scheduled messages, those that weren't sent first."""
    user: Any = request.user
    found = list(services.scheduled_of(user).order_by("state", "send_at", "pk"))
    rooms = room_payloads(user, {row.room for row in found})
    # Of rooms that the person is in: a name may have changed since they left.
    names = {room["slug"]: room["name"] for room in rooms if room["role"]}
    rows = [(row, names.get(row.room.slug)) for row in found]
    return render(request, "drafts/scheduled.html", {"current": "scheduled", "rows": rows})


@signed_in
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask when to send what the room's composer has, and schedule it."""
    user: Any = request.user
    here = access.posting_membership(user, slug).room
    form = ScheduleForm(post_data(request))
    if request.method != "POST" or "when" not in request.POST:
        form = ScheduleForm(initial=begun(request))
    done, outcome = attempt(
        form,
        lambda body, client_id, reply_to, **_: services.add(
            user, slug, body, form.moment, client_id, reply_to, timezone.get_current_timezone_name()
        ),
    )
    if done:
        if version := form.cleaned_data["draft"]:
            pages.forget(user, slug, version)
        messages.success(request, "Your message is scheduled.")
        return redirect("scheduled")
    context = {"current": slug, "to": room_payload(user, here)}
    return form_page(request, "drafts/scheduled_new.html", form, outcome, **context)


def begun(request: HttpRequest) -> dict[str, Any]:
    """Return what the composer's form had."""
    names = ("body", "client_id", "reply_to", "draft")
    return {name: without_nulls(request.POST[name]) for name in names if request.POST.get(name)}


@signed_in
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the text and the time of one."""
    user: Any = request.user
    row = services.found(user, pk)
    form = ChangeScheduledForm(post_data(request), initial=initial_of(row))
    done, outcome = attempt(form, lambda body, **_: services.change(user, pk, **values_of(form, body)))
    if done:
        messages.success(request, "Your message is changed.")
        return redirect("scheduled")
    return form_page(request, "drafts/scheduled_change.html", form, outcome, current="scheduled", row=row)


def initial_of(row: ScheduledMessage) -> dict[str, Any]:
    return {"body": row.body, "at": row.send_at}


def values_of(form: ChangeScheduledForm, body: str) -> dict[str, Any]:
    """Return what a form changes; a time that was left as it is is none."""
    values: dict[str, Any] = {"body": body, "time_zone": timezone.get_current_timezone_name()}
    return values if form.leaves_time else {**values, "send_at": form.moment}


@require_POST
@signed_in
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel one."""
    user: Any = request.user
    services.cancel(user, pk)
    messages.success(request, "Your message is cancelled.")
    return redirect("scheduled")


@require_POST
@signed_in
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Send one now, and show it."""
    user: Any = request.user
    message = services.send_now(user, pk)
    return redirect("permalink", message.room.slug, message.pk)
