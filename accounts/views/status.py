"""One's own status and availability: a page of its own, whose form the menu's dialog and the profile show too."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache

from accounts import services
from accounts.forms import KEEP, StatusForm
from accounts.models import Availability, User
from accounts.views.pages import attempt, form_page, me, post_data
from chatsite.web.pages import signed_in


@never_cache
@signed_in
def status(request: HttpRequest) -> HttpResponse:
    """Show and change one's own status and availability."""
    user = me(request)
    form = status_form(user, post_data(request))
    done, outcome = attempt(form, lambda **data: save(user, **data))
    if done:
        messages.success(request, "Saved.")
        return redirect("profile_status")
    return form_page(request, "accounts/status.html", form, outcome)


def status_form(user: User, data: Any = None) -> StatusForm:
    """Return the form with what the person chose and hasn't ended."""
    choice, lasts = user.chosen_availability, user.has_status
    until = {
        "text": user.status_until if lasts else None,
        "availability": user.availability_until if choice != Availability.AUTOMATIC else None,
    }
    initial = {
        "emoji": user.status_emoji if lasts else "",
        "text": user.status_text if lasts else "",
        "availability": choice.value,
        **{f"{name}_lasts": KEEP for name, end in until.items() if end},
    }
    ends = {name: in_words(end) for name, end in until.items() if end}
    return StatusForm(data, initial=initial, ends=ends, auto_id="status_%s")


def in_words(end: datetime) -> str:
    """Return an end in the zone of the request."""
    local = timezone.localtime(end)
    return date_format(local, "H:i" if local.date() == timezone.localdate() else "j M Y, H:i")


def save(
    user: User, *, emoji: str, text: str, text_lasts: str, availability: str, availability_lasts: str
) -> User:
    """Store what the form says. Raises Invalid with its fields."""
    given: dict[str, Any] = {"emoji": emoji, "text": text, "until": end_of(text_lasts, user.status_until)}
    automatic = availability == Availability.AUTOMATIC
    until = None if automatic else end_of(availability_lasts, user.availability_until)
    return services.update_profile(user, status=given, availability=availability, availability_until=until)


def end_of(lasts: str, present: datetime | None) -> datetime | None:
    """Return the end of what lasts for so many minutes, until the next day or Monday begins here, or as it did."""
    if lasts == KEEP:
        return present if present and present > timezone.now() else None
    if lasts.isdigit():
        return timezone.now() + timedelta(minutes=int(lasts))
    if not lasts:
        return None
    now = timezone.localtime()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return midnight + timedelta(days=1 if lasts == "day" else 7 - now.weekday())
