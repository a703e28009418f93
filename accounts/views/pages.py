"""What these pages share: showing a form again with what was wrong, and safe ways on."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.forms import refuse
from accounts.models import User
from chatsite.errors import ChatError


def me(request: HttpRequest) -> User:
    """For views behind `login_required`."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


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
        refuse(form, error)
        return False, error


def form_page(
    request: HttpRequest, template: str, form: forms.Form, outcome: Any = None, **context: Any
) -> HttpResponse:
    """The page with the form: 200 when it is fresh, else the status of what went wrong."""
    status = 200
    if form.is_bound:
        status = outcome.status if isinstance(outcome, ChatError) else 400
    response = render(request, template, {"form": form, **context}, status=status)
    retry_after = getattr(outcome, "retry_after", None)
    if retry_after:
        response["Retry-After"] = str(int(retry_after) + 1)
    return response


def gone(request: HttpRequest, error: ChatError, again: str = "") -> HttpResponse:
    """A link that leads nowhere any more, or isn't for everybody; `again` is where to go on after logging in."""
    context = {"detail": error.detail, "next": again}
    return render(request, "accounts/gone.html", context, status=error.status)


def way_on(request: HttpRequest, default: str = "home") -> str:
    """`next`, where it stays on this site."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if safe and url.startswith("/") and "\0" not in url else resolve_url(default)
