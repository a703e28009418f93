"""`/healthz` and `/readyz`, for supervisors and load balancers."""

import logging
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from chatsite.observability import echo

log = logging.getLogger(__name__)

# Readiness checks that other modules add, by name.
checks: dict[str, Callable[[], bool]] = {}


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer `ok` while the process lives; the doctor (`./run manage doctor --url …`) gets an echo of its request."""
    told = echo.request_echo(request)
    if told:
        return JsonResponse({**told, "site": echo.process_config()._asdict()})
    return HttpResponse("ok\n", content_type="text/plain")


def database_ready() -> bool:
    """Ask the database for nothing; an error is logged."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.exception("The database cannot be used.")
        return False
    return True


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer `{"database": true, …}`: 200 if all checks pass, else 503."""
    parts = {"database": database_ready()} | {name: check() for name, check in checks.items()}
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)
