"""Pages of reminders, which need no scripts."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.models import User
from chatsite.contract.errors import NotFound
from chatsite.web.pages import attempt, form_page, post_data, signed_in
from drafts.forms import ReminderForm
from drafts.models import Reminder
from drafts.reminders import services
from drafts.reminders.payloads import Payload, reminder_payload, reminder_payloads
from messaging.services import visible_message
from messaging.views.room import place

# What comes first on the page.
ORDER = (Reminder.State.DUE, Reminder.State.WAITING, Reminder.State.DONE)
# Reminders of each state on a page.
SHOWN = 50


@signed_in
def reminders(request: HttpRequest) -> HttpResponse:
    """List the person's reminders, and add one of a text."""
    user: Any = request.user
    form = ReminderForm(post_data(request))
    done, outcome = attempt(form, lambda **_: add(user, form))
    if done:
        return redirect("reminders")
    skipped = place(request, "skip") or 0
    groups = [(state.label, shown(user, state, skipped)) for state in ORDER]
    more = skipped + SHOWN if any(len(group) > SHOWN for _, group in groups) else None
    context = {"current": "reminders", "groups": [(label, group[:SHOWN]) for label, group in groups]}
    return form_page(request, "drafts/reminders.html", form, outcome, **context, more=more)


def shown(user: User, state: Reminder.State, skipped: int) -> list[Payload]:
    """Return the person's reminders of a state as the page shows them, one more if there are more: the next first, of those
    done the last."""
    found = services.reminders_of(user).filter(state=state)
    ordered = found.order_by("-pk") if state == Reminder.State.DONE else found.order_by("remind_at", "pk")
    rows = list(ordered[skipped : skipped + SHOWN + 1])
    payloads = reminder_payloads(user, rows)
    return [{**payload, "at": row.remind_at} for payload, row in zip(payloads, rows, strict=True)]


def add(user: User, form: ReminderForm, message: int | None = None) -> Reminder:
    """Add what a valid form says."""
    data = form.cleaned_data
    zone = timezone.get_current_timezone_name()
    return services.add(user, form.moment, data["client_id"] or uuid4(), data["text"], message, zone)[0]


@signed_in
def of_message(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask when to remind of a message, and add it."""
    user: Any = request.user
    message = visible_message(user, pk)
    if message.room.slug != slug:
        raise NotFound()
    form = ReminderForm(post_data(request), has_message=True)
    done, outcome = attempt(form, lambda **_: add(user, form, pk))
    if done:
        messages.success(request, "You will be reminded.")
        return redirect("permalink", slug, pk)
    about = reminder_payload(user, Reminder(message=message))["message"]
    context = {"current": slug, "about": about, "back": request.path.removesuffix("/remind")}
    return form_page(request, "drafts/reminder.html", form, outcome, **context)


@signed_in
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one: its text, and when it comes."""
    user: Any = request.user
    reminder = services.found(user, pk)
    about = reminder_payload(user, reminder)["message"]
    initial = {"text": reminder.text, "at": reminder.remind_at}
    form = ReminderForm(post_data(request), initial=initial, has_message=reminder.message_id is not None)
    done, outcome = attempt(form, lambda text, **_: services.change(user, pk, **values_of(form, text)))
    if done:
        return redirect("reminders")
    context = {"current": "reminders", "about": about, "reminder": reminder}
    return form_page(request, "drafts/reminder.html", form, outcome, **context)


def values_of(form: ReminderForm, text: str) -> dict[str, Any]:
    """Return what a form changes; a time that was left as it is is none."""
    values: dict[str, Any] = {"text": text, "time_zone": timezone.get_current_timezone_name()}
    return values if form.leaves_time else {**values, "remind_at": form.moment}


@require_POST
@signed_in
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick one off, or take that back."""
    user: Any = request.user
    services.change(user, pk, done=request.POST.get("done") != "no")
    return redirect("reminders")


@require_POST
@signed_in
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one."""
    user: Any = request.user
    services.delete(user, pk)
    return redirect("reminders")
