"""What every page knows."""

from typing import Any

from django.http import HttpRequest

from accounts.models import SiteSettings

THEMES = ("light", "dark")


def site(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("theme")
    return {"site": SiteSettings.load(), "theme": theme if theme in THEMES else "system"}
