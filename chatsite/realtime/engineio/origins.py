"""Decide which pages may open a connection: a browser sends our cookies from any page, so Origin is checked
first."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def allowed(origin: str | None, environ: dict[str, Any]) -> bool:
    """Return whether a page of this Origin may connect: of the site, of an origin that settings add, or local on the
    same port. A client without Origin is a program, and may."""
    if origin is None:
        return True
    if origin in settings.CSRF_TRUSTED_ORIGINS or origin in getattr(settings, "EXTRA_ORIGINS", ()):
        return True
    return is_local(origin, environ.get("HTTP_HOST", ""))


def is_local(origin: str, host: str) -> bool:
    """Return whether the page is a developer's, on this machine and the same port."""
    try:
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.hostname in LOCAL and parts.netloc == host
    except ValueError:
        return False
