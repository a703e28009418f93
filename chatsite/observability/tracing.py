"""Middleware that gives each HTTP request an id, counts and times it, and writes the access log."""

import logging
import os
import re
from collections.abc import Callable
from time import perf_counter

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from chatsite.observability.addresses import client_address
from chatsite.observability.logs import request_id, view_of
from chatsite.observability.metrics import counters

access = logging.getLogger("chatsite.access")

# Ids that are accepted from a proxy: too plain to imitate another part of a log line, 8 to 64 characters.
REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,63}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def traced(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Trace a request. It is the outermost middleware, so that no answer escapes it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        began = perf_counter()
        token = request_id.set(id_of(request))
        try:
            response = get_response(request)
            response["X-Request-ID"] = request_id.get()
            note(request, response, perf_counter() - began)
            return response
        finally:
            request_id.reset(token)

    return middleware


def id_of(request: HttpRequest) -> str:
    """Return the id that our proxy gave, or a new one. Without TRUST_PROXY a client could send another request's id."""
    given = request.META.get("HTTP_X_REQUEST_ID", "") if settings.TRUST_PROXY else ""
    return given if REQUEST_ID.fullmatch(given) else os.urandom(8).hex()


def note(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Count the request, and log it where ACCESS_LOG is set."""
    method = request.method if request.method in METHODS else "other"
    view, status = view_of(request), response.status_code
    counters.request(str(method), view, status, seconds)
    if settings.ACCESS_LOG:
        fields = {
            "method": method,
            "view": view,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            "address": client_address(request.META),
        }
        access.info(" ".join(map(str, fields.values())), extra={"fields": fields})
