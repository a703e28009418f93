"""Answers to requests that aren't let in: a page, REST's error or Engine.IO's, without Django's views."""

import math
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from csp.utils import build_policy
from django.conf import settings
from django.template.loader import render_to_string

from chatsite.contract.errors import ChatError
from chatsite.realtime.engineio.polling import Refused
from chatsite.realtime.protocol import packets

TITLES = {429: "Too much at once", 503: "The server is busy"}
# Engine.IO's error code for a request that isn't answered now.
BAD_REQUEST = 3


def answer(error: ChatError, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Return a WSGI answer. The connection is closed, so that requests behind this one needn't be refused one
    by one."""
    kind, body = content(error, environ)
    status = HTTPStatus(error.status)
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Vary", "Accept"),
        ("Connection", "close"),
        *security_headers(),
    ]
    if error.retry_after is not None:
        headers.append(("Retry-After", str(math.ceil(error.retry_after))))
    start_response(f"{status.value} {status.phrase}", headers)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def content(error: ChatError, environ: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the content type and the body."""
    if environ["PATH_INFO"].startswith("/socket.io"):
        return "application/json", Refused(HTTPStatus(error.status), BAD_REQUEST, error.detail).answer().body
    if "text/html" in environ.get("HTTP_ACCEPT", ""):
        return "text/html; charset=utf-8", page(error.status, error.detail)
    return "application/json", packets.to_json(error.payload())


@cache
def page(status: int, detail: str) -> bytes:
    """Return the page of one of a few `detail` sentences, rendered without database and session."""
    context = {"status": status, "title": TITLES[status], "detail": detail, "theme": "system"}
    return render_to_string("busy.html", context).encode()


@cache
def security_headers() -> tuple[tuple[str, str], ...]:
    """Return the headers that Django's middleware sets."""
    headers = [
        ("Content-Security-Policy", build_policy()),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", settings.X_FRAME_OPTIONS),
        ("Referrer-Policy", settings.SECURE_REFERRER_POLICY),
    ]
    if settings.SECURE_HSTS_SECONDS:
        headers.append(("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}"))
    return tuple(headers)
