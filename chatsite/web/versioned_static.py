"""Static files under an address that changes with them, so that browsers keep them for good and never mix two versions.

`/static/<version>/js/main.js` imports its neighbours by relative addresses: they are of the same version.
"""

import hashlib
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static

VERSION_LENGTH = 12


def version(folder: Path, *others: Path) -> str:
    """Of what is in the folder, and of the `others`: the file that fixes the packages which bring static files too."""
    digest = hashlib.sha256()
    for path in [*others, *sorted(path for path in folder.rglob("*") if path.is_file())]:
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:VERSION_LENGTH]


def is_immutable(path: str, url: str) -> bool:
    """Whether a browser may keep this file and never ask again (WHITENOISE_IMMUTABLE_FILE_TEST)."""
    return bool(settings.STATIC_VERSION)


def redirect_to_current(request: HttpRequest, path: str, version: str = "") -> HttpResponse:
    """Of another version, or of none: a page from before an update may still ask. Of this one there is no such file."""
    if version == settings.STATIC_VERSION:
        raise Http404
    response = redirect(static(path))
    response["Cache-Control"] = "no-store"
    return response
