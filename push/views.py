"""The page of a person's devices, whose forms work without scripts."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import SiteSettings
from chatsite.web.pages import signed_in
from push.delivery import testing
from push.devices import services as devices


@never_cache
@signed_in
def devices_page(request: HttpRequest) -> HttpResponse:
    """Show the person's devices."""
    user: Any = request.user
    shown = list(devices.devices_of(user).select_related("session"))
    key = request.session.session_key
    return render(
        request,
        "push/devices.html",
        {
            "devices": [(each, each.session is not None and each.session.key == key) for each in shown],
            "most": devices.MAX_DEVICES,
            "site_shows_content": SiteSettings.shows_push_content(),
        },
    )


@require_POST
@signed_in
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Push to a device now."""
    user: Any = request.user
    outcome = testing.test(user, pk)
    if outcome.sent:
        messages.success(request, "Sent. The device shows it within a few seconds.")
    else:
        messages.error(request, outcome.detail)
    return redirect("push_devices")


@require_POST
@signed_in
def content(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a device show what was said, or not."""
    user: Any = request.user
    devices.change(user, pk, request.POST.get("content") == "true")
    messages.success(request, "Saved.")
    return redirect("push_devices")


@require_POST
@signed_in
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a device."""
    user: Any = request.user
    devices.remove(user, pk)
    messages.success(request, "The device is told no more.")
    return redirect("push_devices")
