"""What a supervisor, a load balancer and Prometheus ask."""

import logging

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Gauge, generate_latest
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from chatsite.doctor.seen import seen
from chatsite.realtime import delivery

log = logging.getLogger(__name__)
connections = Gauge("chatsite_connections", "Live connections of this process")
connections.set_function(lambda: len(delivery.all_connections()))


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: this process answers. The doctor (`./run manage doctor --url …`) is told how it looks from here."""
    told = seen(request)
    if told:
        return JsonResponse(told)
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
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)


class Scraper(BasePermission):
    """A program on this machine that no proxy stands before, or a moderator."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        direct = "HTTP_X_FORWARDED_FOR" not in request.META
        local = request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")
        return (direct and local) or bool(request.user.is_authenticated and request.user.is_staff)


class Metrics(APIView):
    permission_classes = [Scraper]
    schema = None

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
