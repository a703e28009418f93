"""What the page views of every app share: who may open them, and how a form and an error look in a browser."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone

from chatsite.contract.errors import ChatError, Internal, Unavailable
from chatsite.realtime.limits import limits

View = Callable[..., HttpResponse]

TEMPLATES = {403: "403.html", 404: "404.html"}


def signed_in(view: View) -> View:
    """A page for people who are logged in; times are in the zone that their browser told by a cookie. A form that they send
    is one of their events."""

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
    try:
        return ZoneInfo(request.COOKIES.get("tz", "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def words(request: HttpRequest, name: str) -> str:
    """What the address says, as PostgreSQL can take it."""
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


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to; an empty POST is one too."""
    return request.POST if request.method == "POST" else None


def attempt(form: forms.Form, act: Callable[..., Any]) -> tuple[bool, Any]:
    """Whether the form's data are good and `act(**data)` took them, and what it returned or refused with."""
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
    """The page with `form` in it, of which `outcome` is what `attempt` gave: 200 while it is fresh; else the status of the
    service's refusal, or 400 for what the form itself found wrong. A page of several forms is judged by this one."""
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
    """A service's complaint beside the fields that it names, or above the form."""
    for name, sentences in (error.fields or {}).items():
        form.add_error(name if name in form.fields else None, sentences)
    if not error.fields:
        form.add_error(None, error.detail)


def server_error(request: HttpRequest) -> HttpResponse:
    """Needs neither the database nor a session, which may be what broke. A program gets the contract's error."""
    away = isinstance(sys.exception(), OperationalError | InterfaceError)
    error = Unavailable() if away else Internal()
    if "text/html" not in request.headers.get("Accept", ""):
        return JsonResponse(error.payload(), status=error.status)
    context = {"theme": request.COOKIES.get("theme", "system"), "status": error.status}
    return render(None, "500.html", context, status=error.status)
