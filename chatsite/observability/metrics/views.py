"""`/metrics`, and who may read it."""

import ipaddress
import secrets
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.http.request import split_domain_port
from prometheus_client import CONTENT_TYPE_LATEST
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from chatsite.observability.host_names import LOOPBACK
from chatsite.observability.metrics.workers import workers

# A request with one of these came by a proxy, whether it is believed or not.
FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)


class Scraper(BasePermission):
    """A program on this machine, one that has METRICS_TOKEN, or a moderator."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return (
            is_local(request)
            or has_token(request)
            or bool(request.user.is_authenticated and request.user.is_staff)
        )


class Metrics(APIView):
    permission_classes = [Scraper]
    schema = None

    def get_authenticators(self) -> list[Any]:
        """A scraper's token is nobody's of the site."""
        return [] if has_token(self.request) else super().get_authenticators()

    def get_throttles(self) -> list[Any]:
        """Who may read is never refused: the limits need a cache, which may be what is away."""
        return [] if is_local(self.request) or has_token(self.request) else super().get_throttles()

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(workers.read(), content_type=CONTENT_TYPE_LATEST)


def is_local(request: Any) -> bool:
    """From this machine, to a name that only means this machine, and by no proxy. What a proxy says of its client is
    never enough: one that passes on what it is told would let everybody in."""
    name, _ = split_domain_port(request.get_host())
    return (
        is_loopback(str(request.META.get("REMOTE_ADDR") or ""))
        and name in LOOPBACK
        and not any(header in request.META for header in FORWARDED)
    )


def is_loopback(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def has_token(request: Any) -> bool:
    given = str(request.META.get("HTTP_AUTHORIZATION", ""))
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    return bool(settings.METRICS_TOKEN) and secrets.compare_digest(given.encode(), wanted.encode())
