"""Pages of scheduled messages, which need no scripts."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.views.sessions import form_out_of_date
from chatsite.web.middleware import takes_files
from chatsite.web.pages import attempt, form_page, post_data, signed_in, without_nulls
from drafts import pages
from drafts.forms import ChangeScheduledForm, ScheduleForm
from drafts.models import ScheduledMessage
from drafts.scheduled import services
from drafts.scheduled.payloads import files_of
from files.uploading.receiving import FormOutOfDate, ReceivedForm, receive_form
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


@takes_files
@csrf_exempt  # `receive_form` checks it: Django would read the files first
@signed_in
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask when to send what the room's composer has, with files that are chosen here, and schedule it."""
    user: Any = request.user
    here = access.posting_membership(user, slug).room
    try:
        received = receive_form(request, user, slug) if request.method == "POST" else ReceivedForm()
    except FormOutOfDate:
        return form_out_of_date(request)
    if request.method == "POST" and "when" in received.fields:
        # Those that came when the form was sent before, and something of it was refused.
        before = services.uploads_named(user, here, received.fields.getlist("kept"))
        files = list({file.pk: file for file in [*before, *received.files]}.values())
        fields = received.fields.copy()
        fields.setlist("kept", [str(file.pk) for file in files])
        form = ScheduleForm(fields, files=files)
    else:
        form = ScheduleForm(initial=begun(request))
    done, outcome = attempt(form, lambda **data: schedule(user, slug, form, received, **data))
    if done:
        if version := form.cleaned_data["draft"]:
            pages.forget(user, slug, version)
        messages.success(request, "Your message is scheduled.")
        return redirect("scheduled")
    context = {"current": slug, "to": room_payload(user, here)}
    return form_page(request, "drafts/scheduled_new.html", form, outcome, **context)


def schedule(
    user: User, slug: str, form: ScheduleForm, received: ReceivedForm, **data: Any
) -> ScheduledMessage:
    """Schedule what came whole. Raises `received.error` otherwise, and what the service does."""
    if received.error is not None:
        raise received.error
    return services.add(
        user,
        slug,
        data["body"],
        form.moment,
        data["client_id"],
        data["reply_to"],
        timezone.get_current_timezone_name(),
        [UUID(pk) for pk in data["kept"]],
    )[0]


def begun(request: HttpRequest) -> dict[str, Any]:
    """Return what the composer's form had."""
    names = ("body", "client_id", "reply_to", "draft")
    return {name: without_nulls(request.POST[name]) for name in names if request.POST.get(name)}


@signed_in
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the text and the time of one."""
    user: Any = request.user
    row = services.found(user, pk)
    there = files_of([row])
    files = [there[each["id"]] for each in row.files if each["id"] in there]
    form = ChangeScheduledForm(post_data(request), initial=initial_of(row), files=files)
    done, outcome = attempt(form, lambda **data: services.change(user, pk, **values_of(form, row, data)))
    if done:
        messages.success(request, "Your message is changed.")
        return redirect("scheduled")
    return form_page(request, "drafts/scheduled_change.html", form, outcome, current="scheduled", row=row)


def initial_of(row: ScheduledMessage) -> dict[str, Any]:
    return {"body": row.body, "at": row.send_at}


def values_of(form: ChangeScheduledForm, row: ScheduledMessage, data: dict[str, Any]) -> dict[str, Any]:
    """Return what a form changes; a time that was left as it is is none, and files that are gone aren't kept."""
    values: dict[str, Any] = {"body": data["body"], "time_zone": timezone.get_current_timezone_name()}
    if row.files:
        values["files"] = [UUID(pk) for pk in data["kept"]]
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
