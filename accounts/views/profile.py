"""One's own profile, with API tokens."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import services
from accounts.forms import ProfileForm, TokenForm
from accounts.models import User
from accounts.payloads import self_payload
from accounts.views.pages import attempt, form_page, me, post_data
from accounts.views.status import status_form
from chatsite.web.pages import zone_of


@never_cache
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change one's own profile."""
    user = me(request)
    form = ProfileForm(post_data(request), initial=own_fields(user))
    done, outcome = attempt(form, lambda **data: services.update_profile(user, **data))
    if done:
        messages.success(request, "Saved.")
        return redirect("profile")
    return profile_page(request, form, outcome)


def own_fields(user: User) -> dict[str, Any]:
    """Return the values of a ProfileForm."""
    return {name: getattr(user, name) for name in ProfileForm.base_fields}


def profile_page(
    request: HttpRequest, form: ProfileForm | TokenForm, outcome: object = None, **context: object
) -> HttpResponse:
    """Render the profile with both forms; `form` is the one that was sent."""
    user = me(request)
    with timezone.override(zone_of(request)):
        said = status_form(user)
    fresh = ProfileForm(initial=own_fields(user))
    forms = (
        {"form": fresh, "token_form": form}
        if isinstance(form, TokenForm)
        else {"form": form, "token_form": TokenForm(auto_id="token_%s")}
    )
    tokens = list(user.tokens.order_by("-pk"))
    return form_page(
        request,
        "accounts/profile.html",
        form,
        outcome,
        person=self_payload(user),
        tokens=tokens,
        may_invite=services.may_invite(user),
        status_form=said,
        **forms,
        **context,
    )


@require_POST
@never_cache
@login_required
def token_new(request: HttpRequest) -> HttpResponse:
    """Make a token. The answer is the page itself and no redirect: the token is shown in it once."""
    user = me(request)
    form = TokenForm(request.POST, auto_id="token_%s")
    done, outcome = attempt(form, lambda name: services.make_token(user, name))
    if not done:
        return profile_page(request, form, outcome)
    return profile_page(request, TokenForm(auto_id="token_%s"), new_token=outcome[1])


@require_POST
@login_required
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke a token."""
    services.revoke_token(get_object_or_404(me(request).tokens, pk=pk))
    messages.success(request, "The token is revoked.")
    return redirect("profile")


@require_POST
@login_required
def others_out(request: HttpRequest) -> HttpResponse:
    """End all sessions but this one, and all tokens."""
    services.log_out_everywhere(me(request), keep=request)
    messages.success(request, "You are logged out everywhere else, and your tokens are revoked.")
    return redirect("profile")
