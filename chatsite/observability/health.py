"""What a supervisor and a load balancer ask."""

import logging
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from chatsite.observability import echo

log = logging.getLogger(__name__)

# Further parts that a request needs, by name; each says whether its part is there.
checks: dict[str, Callable[[], bool]] = {}


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: this process answers. The doctor (`./run manage doctor --url …`) is told how it looks from here."""
    told = echo.request_echo(request)
    if told:
        return JsonResponse({**told, "site": echo.process_config()._asdict()})
    return HttpResponse("ok\n", content_type="text/plain")


def database_ready() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.exception("The database cannot be used.")
        return False
    return True


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready: what a request needs is there. 503 names what is not."""
    parts = {"database": database_ready()} | {name: check() for name, check in checks.items()}
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)
