from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import services
from accounts.forms import InviteForm
from accounts.models import Invite
from accounts.views.pages import attempt, form_page, me, posted


@never_cache
@login_required
def invites(request: HttpRequest) -> HttpResponse:
    """Links to the site itself; a room's links are on the room's page."""
    check_staff(request)
    form = InviteForm(posted(request))
    done, outcome = attempt(form, lambda **data: make(request, **data))
    if done:
        messages.success(request, "The link is made. It is the first in the list.")
        return redirect("people_invite")
    found = Invite.objects.usable().filter(for_site=True).select_related("created_by").order_by("-pk")[:200]
    links = [(invite, request.build_absolute_uri(reverse("invite", args=[invite.code]))) for invite in found]
    return form_page(request, "accounts/invites.html", form, outcome, links=links)


def make(request: HttpRequest, days: int, max_uses: int | None) -> Invite:
    expires_at = timezone.now() + timedelta(days=days) if days else None
    return services.make_invite(me(request), expires_at=expires_at, max_uses=max_uses, for_site=True)


@require_POST
@login_required
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    check_staff(request)
    services.revoke_invite(get_object_or_404(Invite, pk=pk, for_site=True))
    messages.success(request, "The link is revoked.")
    return redirect("people_invite")


def check_staff(request: HttpRequest) -> None:
    if not me(request).is_staff:
        raise PermissionDenied("Only moderators and administrators may invite people.")
