"""Pages of invite links into the site."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import services
from accounts.forms import InviteForm
from accounts.models import Invite, InviteQuerySet, User
from accounts.views.pages import attempt, form_page, me, post_data

# Links on the page, newest first.
MAX_LISTED = 200


@never_cache
@login_required
def invites(request: HttpRequest) -> HttpResponse:
    """List and make links into the site; links into a room are on the room's page."""
    check_may_invite(request)
    form = InviteForm(post_data(request))
    done, outcome = attempt(form, lambda **data: services.make_invite(me(request), **data))
    if done:
        messages.success(request, "The link is made. It is the first in the list.")
        return redirect("people_invite")
    return form_page(request, "accounts/invites.html", form, outcome, links=links(request))


def links(request: HttpRequest) -> list[tuple[Invite, str, bool]]:
    """Return each link with its address and whether it works: not while its maker may not invite."""
    shown = list(visible_to(me(request)).left().select_related("created_by").order_by("-pk")[:MAX_LISTED])
    working = set(
        Invite.objects.usable().filter(pk__in=[one.pk for one in shown]).values_list("pk", flat=True)
    )
    return [
        (one, request.build_absolute_uri(reverse("invite", args=[one.code])), one.pk in working)
        for one in shown
    ]


def visible_to(user: User) -> InviteQuerySet:
    """Return the site's links that the person manages: moderators all, others their own."""
    mine = {} if user.is_staff or user.is_superuser else {"created_by": user}
    return Invite.objects.filter(for_site=True, **mine)


@require_POST
@login_required
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke a link."""
    check_may_invite(request)
    services.revoke_invite(get_object_or_404(visible_to(me(request)), pk=pk))
    messages.success(request, "The link is revoked.")
    return redirect("people_invite")


def check_may_invite(request: HttpRequest) -> None:
    """Raise PermissionDenied unless the person may invite."""
    if not services.may_invite(me(request)):
        raise PermissionDenied("You may not invite people to this site.")
