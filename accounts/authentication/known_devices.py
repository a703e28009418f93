"""Browsers that people have logged in with before: a stranger's wrong guesses don't keep them out.

A signed cookie names the browser and proves, for each person, a password that was right: a new password, or a logout
everywhere, ends the proof. It lets nobody in; it has a count of failures of its own (`attempt_limits.py`).
"""

import hmac
import secrets
from collections.abc import Callable
from typing import NamedTuple

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from accounts.models import User

COOKIE = "devices"
SALT = "accounts.authentication.known_devices"
# Seconds after the last login; browsers keep no cookie much longer.
COOKIE_AGE_SECONDS = 365 * 24 * 3600
# People of one browser; whoever logged in last comes first.
MAX_PEOPLE_PER_BROWSER = 5


class DeviceMark(NamedTuple):
    """One person's in a browser's cookie. `device` is random and theirs alone."""

    user_id: int
    device: str
    proof: str


def known(request: HttpRequest, username: str) -> str | None:
    """The device, if the person has logged in with this browser. One query, and none for a browser without marks."""
    marks = marks_of(request)
    if not marks:
        return None
    try:
        user = User.objects.by_username(username)
    except User.DoesNotExist:
        return None
    return device_of(marks, user)


def device_of(marks: list[DeviceMark], user: User) -> str | None:
    for mark in marks:
        if mark.user_id == user.pk and hmac.compare_digest(mark.proof, proof_of(user, mark.device)):
            return mark.device
    return None


def remember(request: HttpRequest, user: User) -> None:
    """From the answer to this request on, the browser is one that this person has logged in with."""
    marks = marks_of(request)
    device = device_of(marks, user) or secrets.token_urlsafe(9)
    own = DeviceMark(user.pk, device, proof_of(user, device))
    others = [mark for mark in marks if mark.user_id != user.pk]
    request.device_marks = [own, *others][:MAX_PEOPLE_PER_BROWSER]  # type: ignore[attr-defined]


def remembering(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The middleware that gives the cookie to whoever was remembered, at whichever door."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        marks = getattr(request, "device_marks", None)
        if marks is not None:
            value = signing.dumps(marks, salt=SALT)
            response.set_cookie(
                COOKIE,
                value,
                max_age=COOKIE_AGE_SECONDS,
                httponly=True,
                samesite="Lax",
                secure=settings.SECURE,
            )
        return response

    return middleware


def marks_of(request: HttpRequest) -> list[DeviceMark]:
    """None for a cookie that isn't ours, or is too old."""
    try:
        return [
            DeviceMark(*mark)
            for mark in signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=COOKIE_AGE_SECONDS)
        ]
    except (signing.BadSignature, UnicodeError, TypeError, ValueError):
        return []


def proof_of(user: User, device: str) -> str:
    value = f"{user.password}{user.session_version}{device}"
    return salted_hmac(SALT, value, algorithm="sha256").hexdigest()[:32]
