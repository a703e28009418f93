"""Shared parts of page views: login, time zone, forms and error pages."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone

from chatsite.contract.errors import ChatError, Internal, Unavailable
from chatsite.contract.zones import UTC, find_zone
from chatsite.realtime.limits import limits

View = Callable[..., HttpResponse]

TEMPLATES = {403: "403.html", 404: "404.html"}


def signed_in(view: View) -> View:
    """Decorate a view for logged-in people: a ChatError becomes a page, times are in the zone of the cookie `tz`, and a POST
    counts as one of the person's events."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with timezone.override(zone_of(request)):
            try:
                if request.method == "POST":
                    limits.spend_event(request.user.pk)  # type: ignore[arg-type]
                return view(request, *args, **kwargs)
            except ChatError as error:
                return error_page(request, error)

    return login_required(wrapped)


def zone_of(request: HttpRequest) -> ZoneInfo:
    """Read the time zone of the cookie `tz`, which the page's script sets; UTC for none or an unknown one."""
    return find_zone(request.COOKIES.get("tz", UTC)) or ZoneInfo(UTC)


def words(request: HttpRequest, name: str) -> str:
    """Read a parameter of the query string, stripped and without null characters, which PostgreSQL doesn't store."""
    return without_nulls(request.GET.get(name, "")).strip()


def without_nulls(text: str) -> str:
    return text.replace("\x00", "")


def error_page(request: HttpRequest, error: ChatError) -> HttpResponse:
    if error.status == 401:
        return redirect("login")
    template = TEMPLATES.get(error.status, "error.html")
    response = render(
        request, template, {"detail": error.detail, "status": error.status}, status=error.status
    )
    return with_retry_after(response, error)


def post_data(request: HttpRequest) -> QueryDict | None:
    """Return the data to bind a form to; None for other methods than POST. An empty POST binds, too."""
    return request.POST if request.method == "POST" else None


def attempt(form: forms.Form, act: Callable[..., Any]) -> tuple[bool, Any]:
    """Call `act(**data)` with a valid form's data.

    Returns (True, its result), (False, the ChatError), which is added to the form, or (False, None) for an invalid form.
    """
    if not form.is_valid():
        return False, None
    try:
        return True, act(**form.cleaned_data)
    except ChatError as error:
        add_errors(form, error)
        return False, error


def form_page(
    request: HttpRequest, template: str, form: forms.Form, outcome: Any = None, /, **context: Any
) -> HttpResponse:
    """Render a page with `form`, for which `attempt` returned `outcome`.

    The status is 200 for an unbound form, the service's for a ChatError, and 400 for an invalid form. `form` decides it
    also for a page with several forms.
    """
    refusal = outcome if isinstance(outcome, ChatError) else None
    status = 200
    if form.is_bound:
        status = refusal.status if refusal else 400
    response = render(request, template, {"form": form, **context}, status=status)
    return with_retry_after(response, refusal) if refusal else response


def with_retry_after(response: HttpResponse, error: ChatError) -> HttpResponse:
    if error.retry_after is not None:
        response["Retry-After"] = str(int(error.retry_after) + 1)
    return response


def add_errors(form: forms.Form, error: ChatError) -> None:
    """Add a service's error to the fields that it names, or to the whole form."""
    for name, sentences in (error.fields or {}).items():
        form.add_error(name if name in form.fields else None, sentences)
    if not error.fields:
        form.add_error(None, error.detail)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 or 503 without the database or a session, which may be what broke: a page for browsers, JSON for others."""
    away = isinstance(sys.exception(), OperationalError | InterfaceError)
    error = Unavailable() if away else Internal()
    if "text/html" not in request.headers.get("Accept", ""):
        return JsonResponse(error.payload(), status=error.status)
    context = {"theme": request.COOKIES.get("theme", "system"), "status": error.status}
    return render(None, "500.html", context, status=error.status)
