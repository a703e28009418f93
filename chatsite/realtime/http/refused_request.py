"""Answers to requests that aren't let in: a page, REST's error or Engine.IO's, without Django's views."""

import math
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from csp.utils import build_policy
from django.conf import settings
from django.template.loader import render_to_string

from chatsite.contract.errors import ChatError, Internal, Invalid, TooLarge
from chatsite.realtime.engineio.polling import Refused
from chatsite.realtime.protocol import packets

TITLES = {408: "Too slow", 413: "Too large", 429: "Too much at once", 503: "The server is busy"}
# Engine.IO's error code for a request that isn't answered now.
BAD_REQUEST = 3


class TooSlow(Invalid):
    status = 408
    detail = "The body came too slowly. Send it again."


class AddressTooLong(TooLarge):
    status = 414
    detail = "The address of the request is too long."


class HeadTooLarge(TooLarge):
    status = 431
    detail = "The head of the request is too long, or has too many fields. A browser may have too many cookies of this site."


class UnknownCoding(Invalid):
    status = 501
    detail = "The body comes in a Transfer-Encoding that isn't taken."


# Errors by the status that gunicorn has for a request which it can't read; others are UNREADABLE, or a bug of ours.
UNREADABLE = Invalid("That is no request that can be read (HTTP/1.1).")
BY_STATUS: dict[int, ChatError] = {
    error.status: error for error in (AddressTooLong(), HeadTooLarge(), UnknownCoding(), Internal())
}


class StatusOnly:
    """In the place of a client, takes the page that gunicorn has for an error, of which only the status is of use."""

    def __init__(self) -> None:
        self.status = 500

    def gettimeout(self) -> float:
        return 0.0

    def sendall(self, data: bytes) -> None:
        self.status = int(data.split(maxsplit=2)[1])

    @property
    def error(self) -> ChatError:
        return BY_STATUS.get(self.status, UNREADABLE)


def write(client: Any, error: ChatError, request: Any) -> None:
    """Answer a request that no view will see; it is None where not even its head could be read."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": ""}
    if request is not None:
        environ |= {"REQUEST_METHOD": request.method, "PATH_INFO": request.path}
        environ["HTTP_ACCEPT"] = ",".join(value for name, value in request.headers if name == "ACCEPT")
    lines: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        lines.extend([f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "", ""])

    body = answer(error, environ, start_response)
    client.sendall("\r\n".join(lines).encode("latin-1") + b"".join(body))


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
    title = TITLES.get(status, HTTPStatus(status).phrase)
    context = {"status": status, "title": title, "detail": detail, "theme": "system"}
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
