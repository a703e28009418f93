"""Forms of avatars on the pages of one's profile and of a room's settings, which work without scripts."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from chatsite.contract.errors import Invalid
from chatsite.web.middleware import names_file
from chatsite.web.pages import signed_in
from files.avatars import services
from files.small_pictures import FIELD

CHANGED, REMOVED = "The picture is changed.", "The picture is removed."


def image_in(request: HttpRequest) -> Any:
    """Return the picture of a form, None where it asks to remove it. Raises Invalid without one."""
    if request.POST.get("remove"):
        return None
    image = request.FILES.get(FIELD)
    if image is None:
        raise Invalid.about(FIELD, "Choose a picture.")
    return image


@names_file(FIELD)
@require_POST
@signed_in
def own(request: HttpRequest) -> HttpResponse:
    """Change or remove one's own picture."""
    user: Any = request.user
    image = image_in(request)
    if image is None:
        services.remove_from(user)
    else:
        services.change_own(user, image)
    messages.success(request, CHANGED if image else REMOVED)
    return redirect("profile")


@names_file(FIELD)
@require_POST
@signed_in
def of_room(request: HttpRequest, slug: str) -> HttpResponse:
    """Change or remove a room's picture."""
    user: Any = request.user
    services.check_changing(user, slug)
    image = image_in(request)
    if image is None:
        services.remove_from_room(user, slug)
    else:
        services.change_room(user, slug, image)
    messages.success(request, CHANGED if image else REMOVED)
    return redirect("room_settings", slug)
