"""Pages of passwords: change one's own, ask for a reset link, use it."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import services
from accounts.authentication import known_devices
from accounts.forms import NewPasswordForm, PasswordForm, ResetForm
from accounts.views.pages import attempt, form_page, link_gone, me, post_data
from chatsite.contract.errors import ChatError
from chatsite.observability.addresses import client_address

CHANGED = "Your password is changed. You are logged out everywhere else, and tokens that you didn't keep are revoked."


@sensitive_post_parameters()
@never_cache
@login_required
def change(request: HttpRequest) -> HttpResponse:
    """Change one's own password."""
    form = PasswordForm(post_data(request), tokens=me(request).tokens.order_by("-pk"))
    done, outcome = attempt(form, lambda **data: services.change_own_password(request, **data))
    if done:
        messages.success(request, CHANGED)
        return redirect("profile")
    return form_page(request, "accounts/password.html", form, outcome)


@never_cache
def reset(request: HttpRequest) -> HttpResponse:
    """Ask for a reset link by mail; without mail, a page that says whom to ask."""
    if not settings.MAIL:
        return render(request, "accounts/reset_by_hand.html")
    form = ResetForm(post_data(request))
    address = client_address(request.META)
    done, outcome = attempt(
        form, lambda email: services.mail_reset_links(email, base=settings.SITE_URL, address=address)
    )
    if done:
        return render(request, "accounts/reset_sent.html", {"email": form.cleaned_data["email"]})
    return form_page(request, "accounts/reset.html", form, outcome)


@sensitive_post_parameters("password")
@never_cache
def reset_confirm(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Choose a password by a reset link."""
    try:
        user = services.user_of_reset_link(uid, token)
    except ChatError as error:
        return link_gone(request, error)
    form = NewPasswordForm(post_data(request))
    done, outcome = attempt(form, lambda password: services.reset_password(uid, token, password))
    if done:
        known_devices.remember(request, outcome)
        messages.success(request, "Your new password is set. Log in with it.")
        return redirect("login")
    return form_page(request, "accounts/reset_confirm.html", form, outcome, person=user)
