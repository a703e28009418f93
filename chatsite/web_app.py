"""The site as a web app: its manifest, its service worker, and the page that opens without a connection.

All four answers are the same for everybody, so they ask for no session.
"""

import hashlib
import json
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import SiteSettings
from chatsite.web import bundles

SCRIPT = "text/javascript; charset=utf-8"
# The grounds of pages (`--bg` of static/css/tokens.css), in a notation that manifests know.
LIGHT, DARK = "#ffffff", "#14171d"
# Purpose and pixels of the pictures in static/icons/, which scripts/app_icons.py draws.
ICONS = [("any", 192), ("any", 512), ("maskable", 512)]
# What the page without a connection needs, beside its script.
OFFLINE_FILES = ["css/offline.css", "fonts/inter-latin.woff2", "icons.svg", "favicon.svg"]
DIGEST_LENGTH = 12
# What the joiner puts at the end of a module; a worker is a plain script, as not every browser takes a module for one.
EXPORT = "export { $load }\n"
# Takes the place of the worker where SERVICE_WORKER is off.
REMOVAL = """\
addEventListener("install", () => skipWaiting())
addEventListener("activate", (event) => event.waitUntil(remove()))
async function remove() {
  for (const name of await caches.keys()) if (name.startsWith("chatsite-")) await caches.delete(name)
  await registration.unregister()
}
"""


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Serve the service worker. A browser installs it anew when a byte of it differs, so it has the version in it."""
    if settings.SERVICE_WORKER == "off":
        return HttpResponse(REMOVAL, content_type=SCRIPT)
    page = offline_page()
    digest = hashlib.sha256((page + program("offline")).encode()).hexdigest()[:DIGEST_LENGTH]
    site = {
        "version": f"{settings.STATIC_VERSION}-{digest}",
        "offline": reverse("offline"),
        "files": [reverse("offline_script"), *map(static, OFFLINE_FILES)],
    }
    text = f"globalThis.SITE = {json.dumps(site)}\n{program('worker')}"
    return HttpResponse(text, content_type=SCRIPT)


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """Show the page that the worker keeps, with nothing of anybody in it: its script adds what the browser has."""
    return HttpResponse(offline_page())


@require_safe
def offline_script(request: HttpRequest) -> HttpResponse:
    """Serve the script of that page: the worker keeps it beside the page."""
    return HttpResponse(program("offline"), content_type=SCRIPT)


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """Serve the web app manifest, by which browsers install the site."""
    name = SiteSettings.load().name
    data: dict[str, Any] = {
        "id": "/",
        "name": name,
        "short_name": name,
        "description": "Group chat",
        "lang": "en",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": LIGHT,
        "theme_color": LIGHT,
        "icons": [icon(purpose, pixels) for purpose, pixels in ICONS],
        "shortcuts": [
            {"name": "Inbox", "url": reverse("inbox")},
            {"name": "Search", "url": reverse("search")},
        ],
        "share_target": {
            "action": reverse("share"),
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {
                "title": "title",
                "text": "text",
                "url": "url",
                "files": [{"name": "files", "accept": ["*/*"]}],
            },
        },
    }
    return HttpResponse(json.dumps(data), content_type="application/manifest+json")


def icon(purpose: str, pixels: int) -> dict[str, str]:
    name = f"icons/{purpose}-{pixels}.png"
    return {"src": static(name), "sizes": f"{pixels}x{pixels}", "type": "image/png", "purpose": purpose}


def offline_page() -> str:
    return render_to_string("offline.html", {"site": SiteSettings.load()})


def program(name: str) -> str:
    """Return a program of static/js/worker/ with the modules that it imports, as one plain script."""
    return read_program(name) if settings.DEBUG else kept_program(name)


def read_program(name: str) -> str:
    entry = f"js/worker/{name}.js"
    text = bundles.joined_modules(settings.BASE_DIR / "static", entry)[entry]
    return f"{{\n{text.replace(EXPORT, '')}}}\n"


kept_program = cache(read_program)
