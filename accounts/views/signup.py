"""Pages of new people: set-up, sign-up, invite links."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import services, signup_hooks
from accounts.forms import SetupForm, SignUpForm
from accounts.views.pages import attempt, form_page, link_gone, me, post_data
from chatsite.contract.errors import ChatError, Forbidden
from chatsite.observability.addresses import client_address


@sensitive_post_parameters("password")
@never_cache
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """Make the first administrator."""
    try:
        services.check_setup(token)
    except ChatError as error:
        return link_gone(request, error)
    form = SetupForm(post_data(request))
    done, outcome = attempt(form, lambda **data: services.set_up(token, **data))
    if not done:
        return form_page(request, "accounts/setup.html", form, outcome)
    services.start_session(request, outcome)
    return redirect("home")


@sensitive_post_parameters("password")
@never_cache
def signup(request: HttpRequest) -> HttpResponse:
    """Sign up without a link."""
    if request.user.is_authenticated:
        return redirect("home")
    return sign_up_page(request, None)


@sensitive_post_parameters("password")
@never_cache
def invite(request: HttpRequest, code: str) -> HttpResponse:
    """Open an invite link."""
    if request.user.is_authenticated:
        return follow_page(request, code)
    return sign_up_page(request, code)


def sign_up_page(request: HttpRequest, code: str | None) -> HttpResponse:
    """Show and process the sign-up form, with an invite link's code or without."""
    try:
        found = services.check_sign_up(code)
    except Forbidden as error:
        # Somebody with an account may use the link after logging in.
        return link_gone(request, error, again=request.path if code else "")
    except ChatError as error:
        return link_gone(request, error)
    form = SignUpForm(post_data(request))
    address = client_address(request.META)
    done, outcome = attempt(form, lambda **data: services.sign_up(**data, invite=code, address=address))
    if not done:
        place = signup_hooks.destination(found) if found else None
        return form_page(request, "accounts/signup.html", form, outcome, invite=found, place=place)
    user, page = outcome
    services.start_session(request, user)
    return redirect(page or "home")


def follow_page(request: HttpRequest, code: str) -> HttpResponse:
    """Ask a person who is logged in to confirm: opening a link alone must not put anybody into a room."""
    try:
        if request.method == "POST":
            return redirect(services.use_invite(me(request), code) or "home")
        found = services.find_invite(code, user=me(request))
    except ChatError as error:
        return link_gone(request, error)
    context = {"invite": found, "place": signup_hooks.destination(found)}
    return render(request, "accounts/invite.html", context)
