"""The service worker of the site, which shows pushes. It is the same for everybody, so it asks for no session."""

from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from chatsite.web import bundles

ENTRY = "js/worker/worker.js"
# What the joiner puts into a module; a worker is a plain script, as not every browser takes a module for one.
EXPORT = "export { $load }\n"


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Serve the worker at the top of the site, whose pages it is for. Browsers compare it each time they ask."""
    return HttpResponse(program(), content_type="text/javascript; charset=utf-8")


@cache
def program() -> str:
    joined = bundles.joined_modules(settings.BASE_DIR / "static", ENTRY)
    return joined[ENTRY].replace(EXPORT, "")
