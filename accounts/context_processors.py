"""Template context of every page: the site's settings, the chosen theme, and whether it has a service worker."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.models import SiteSettings

THEMES = ("light", "dark")


def site(request: HttpRequest) -> dict[str, Any]:
    """Return `site` (SiteSettings), `theme` (`light`, `dark` or `system`) and `worker`."""
    theme = request.COOKIES.get("theme")
    return {
        "site": SiteSettings.load(),
        "theme": theme if theme in THEMES else "system",
        "worker": settings.SERVICE_WORKER == "on",
    }
