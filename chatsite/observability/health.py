"""What a supervisor and a load balancer ask."""

import logging

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from chatsite.observability.echo import seen
from chatsite.operations.doctor import running
from chatsite.realtime.cluster import processes

log = logging.getLogger(__name__)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: this process answers. The doctor (`./run manage doctor --url …`) is told how it looks from here."""
    told = seen(request)
    if told:
        return JsonResponse({**told, "site": running.this_process()._asdict()})
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
    parts = {"database": database_ready()}
    if processes.bus is not None:
        parts["bus"] = not processes.bus.deaf
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)
