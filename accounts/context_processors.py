"""Template context of every page: the site's settings and the chosen theme."""

from typing import Any

from django.http import HttpRequest

from accounts.models import SiteSettings

THEMES = ("light", "dark")


def site(request: HttpRequest) -> dict[str, Any]:
    """Return `site` (SiteSettings) and `theme`: `light`, `dark` or `system`."""
    theme = request.COOKIES.get("theme")
    return {"site": SiteSettings.load(), "theme": theme if theme in THEMES else "system"}
