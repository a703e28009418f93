"""Known devices: browsers in which a person has logged in before, where strangers' wrong guesses don't lock the
person out.

A signed cookie names the browser and holds, for each person, a proof of a password that was right; a new password or
a logout everywhere invalidates it. It authenticates nobody; it only selects a failure counter of its own
(`attempt_limits.py`).
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
# Lifetime of the cookie from the last login on; browsers keep no cookie much longer.
COOKIE_AGE_SECONDS = 365 * 24 * 3600
# People whose marks one browser keeps, the last to log in first.
MAX_PEOPLE_PER_BROWSER = 5


class DeviceMark(NamedTuple):
    """One person's entry in a browser's cookie. `device` is random and different for each person."""

    user_id: int
    device: str
    proof: str


def known(request: HttpRequest, username: str) -> str | None:
    """Return the device if the person has logged in with this browser, else None. One query, and none without a
    cookie."""
    marks = marks_of(request)
    if not marks:
        return None
    try:
        user = User.objects.by_username(username)
    except User.DoesNotExist:
        return None
    return device_of(marks, user)


def device_of(marks: list[DeviceMark], user: User) -> str | None:
    """Return the device of the mark that proves `user`'s present password and session version."""
    for mark in marks:
        if mark.user_id == user.pk and hmac.compare_digest(mark.proof, proof_of(user, mark.device)):
            return mark.device
    return None


def remember(request: HttpRequest, user: User) -> None:
    """Mark the browser as one in which this person has logged in; the cookie is set with the response to this
    request."""
    marks = marks_of(request)
    device = device_of(marks, user) or secrets.token_urlsafe(9)
    own = DeviceMark(user.pk, device, proof_of(user, device))
    others = [mark for mark in marks if mark.user_id != user.pk]
    request.device_marks = [own, *others][:MAX_PEOPLE_PER_BROWSER]  # type: ignore[attr-defined]


def remembering(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Set the cookie on responses to requests for which `remember` was called. A middleware."""

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
    """Return the cookie's marks; none if its signature or age is wrong."""
    try:
        return [
            DeviceMark(*mark)
            for mark in signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=COOKIE_AGE_SECONDS)
        ]
    except (signing.BadSignature, UnicodeError, TypeError, ValueError):
        return []


def proof_of(user: User, device: str) -> str:
    """Return 32 hex digits that depend on the person's password, session version and device."""
    value = f"{user.password}{user.session_version}{device}"
    return salted_hmac(SALT, value, algorithm="sha256").hexdigest()[:32]
