"""Serve static files at `/static/<version>/`, so that browsers may cache them for good and never mix two versions.

`/static/<version>/js/main.js` imports its neighbours by relative addresses, so they have the same version.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

VERSION_LENGTH = 12
# The program that makes the served files from the sources.
JOINER: Path = Path(__file__).with_name("bundles.py")


def version(folder: Path, *others: Path) -> str:
    """Hash the contents of `folder` and `others`: requirements.txt stands for the static files of packages."""
    digest = hashlib.sha256()
    for path in [*others, *sorted(path for path in folder.rglob("*") if path.is_file())]:
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:VERSION_LENGTH]


def is_immutable(path: str, url: str) -> bool:
    """Tell WhiteNoise whether browsers may cache a file for good (WHITENOISE_IMMUTABLE_FILE_TEST)."""
    return bool(settings.STATIC_VERSION)


def redirect_to_current(request: HttpRequest, path: str, version: str = "") -> HttpResponse:
    """Redirect a request for another version, as of a page from before an update, to the current one. 404 where the current
    version has no such file."""
    # Imported late: Django's settings import this module, and a start reads them before it knows whether it needs Django.
    from django.http import Http404
    from django.shortcuts import redirect
    from django.templatetags.static import static

    if version == settings.STATIC_VERSION:
        raise Http404
    response = redirect(static(path))
    response["Cache-Control"] = "no-store"
    return response
