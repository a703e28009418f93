"""Log in, log out, theme."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.csrf import csrf_failure
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import services
from accounts.context_processors import THEMES
from accounts.forms import LoginForm
from accounts.models import User
from accounts.views.pages import attempt, form_page, next_url, post_data
from chatsite.web.middleware import LOGGED_OUT_COOKIE

# URL names of pages after which somebody is logged in.
LOGIN_PAGES = {"login", "signup", "setup", "invite"}
YEAR_SECONDS = 365 * 24 * 3600


@sensitive_post_parameters("password")
@never_cache
def login(request: HttpRequest) -> HttpResponse:
    """Log in."""
    after = next_url(request)
    if request.user.is_authenticated:
        return redirect(after)
    form = LoginForm(post_data(request))
    done, outcome = attempt(form, lambda **data: services.log_in(request, **data))
    if done:
        return redirect(after)
    return form_page(
        request, "accounts/login.html", form, outcome, next=after, nobody=not User.objects.exists()
    )


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Log out."""
    services.log_out(request)
    response = redirect("login")
    if request.is_secure():
        # Browsers accept it over HTTPS only. It drops cached pages; drafts in local storage stay.
        response["Clear-Site-Data"] = '"cache"'
    # Tells the next page's script (lib/device/kept_data.js) to remove what this browser keeps.
    response.set_cookie(
        LOGGED_OUT_COOKIE, "1", max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure()
    )
    return response


def form_out_of_date(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose CSRF token belongs to another session. A login form that was still open in another tab
    leads on."""
    page = request.resolver_match.url_name if request.resolver_match else None
    if request.user.is_authenticated and page in LOGIN_PAGES:
        return redirect(next_url(request))
    return csrf_failure(request, reason)


@never_cache
def admin_login(request: HttpRequest) -> HttpResponse:
    """Redirect the admin's login to the site's own, where failures are limited."""
    if request.user.is_authenticated:
        raise PermissionDenied("Only moderators and administrators may see this.")
    return redirect(f"{reverse('login')}?{urlencode({'next': next_url(request, 'admin:index')})}")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Set the theme by cookie; any other value than light and dark means the system's."""
    response = redirect(next_url(request, "profile"))
    chosen = request.POST.get("theme")
    if chosen in THEMES:
        response.set_cookie(
            "theme", chosen, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response
