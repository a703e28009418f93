"""Each HTTP request has an id, is counted and timed, and may be told in a line."""

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

# What a proxy may call a request: nothing that could pass for another part of a line, and not long.
REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,63}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def traced(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The outermost middleware, so that it sees all that is answered."""

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
    """Our proxy's, where it gives one; what anybody else sends could be made to look like another request's."""
    given = request.META.get("HTTP_X_REQUEST_ID", "") if settings.TRUST_PROXY else ""
    return given if REQUEST_ID.fullmatch(given) else os.urandom(8).hex()


def note(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
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
