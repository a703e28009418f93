"""Parts that the account pages share."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User
from chatsite.contract.errors import ChatError
from chatsite.web.pages import attempt, form_page, post_data

__all__ = ["attempt", "form_page", "link_gone", "me", "next_url", "post_data"]


def me(request: HttpRequest) -> User:
    """Return the user of a view behind `login_required`."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def link_gone(request: HttpRequest, error: ChatError, again: str = "") -> HttpResponse:
    """Render the page for a link that doesn't work, or not for everybody; `again` is where to go on after logging in."""
    context = {"detail": error.detail, "next": again}
    return render(request, "accounts/gone.html", context, status=error.status)


def next_url(request: HttpRequest, default: str = "home") -> str:
    """Return the `next` parameter if it is a path of this site, else the URL of `default`."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if safe and url.startswith("/") and "\0" not in url else resolve_url(default)
