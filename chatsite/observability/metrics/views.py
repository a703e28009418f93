"""`/metrics` and its permission."""

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

# Headers by which a request is known to come through a proxy, trusted or not.
FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)


class Scraper(BasePermission):
    """Permission for programs on this machine, for METRICS_TOKEN, and for the site's staff."""

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
        """Skip authentication for METRICS_TOKEN, which belongs to no account."""
        return [] if has_token(self.request) else super().get_authenticators()

    def get_throttles(self) -> list[Any]:
        """Skip throttles for scrapers: throttles need the cache, which may be what is down."""
        return [] if is_local(self.request) or has_token(self.request) else super().get_throttles()

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(workers.read(), content_type=CONTENT_TYPE_LATEST)


def is_local(request: Any) -> bool:
    """Return whether a request comes from this machine, to a loopback name, without a proxy. X-Forwarded-For doesn't
    count: a proxy that passes on what clients send would let everybody in."""
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
