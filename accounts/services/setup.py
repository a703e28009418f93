"""Set-up in the browser: a link that makes the first administrator, and works while there is no account."""

from django.core import signing
from django.db import transaction
from django.urls import reverse

from accounts.models import SiteSettings, User
from accounts.names import tidy
from accounts.services.signup import new_user, save_new
from chatsite.contract.errors import Conflict, NotFound

SALT = "accounts.setup"
LINK_SECONDS = 7 * 24 * 3600


def setup_link() -> str | None:
    """Return the path of the set-up page; None once there is an account."""
    if User.objects.exists():
        return None
    return reverse("setup", args=[signing.dumps("first administrator", salt=SALT)])


def check_setup(token: str) -> None:
    """Raise NotFound if the link is wrong or expired, or the site has an account."""
    try:
        signing.loads(token, salt=SALT, max_age=LINK_SECONDS)
    except (signing.BadSignature, UnicodeError) as error:
        raise NotFound("This link doesn't work any more. Start the server again for a new one.") from error
    if User.objects.exists():
        raise NotFound("This site has been set up already. Log in.")


def set_up(token: str, *, site_name: str, username: str, password: str, display_name: str = "") -> User:
    """Make the first administrator and name the site. Raises NotFound, Invalid, and Conflict for the second of two at
    once."""
    check_setup(token)
    user = new_user(username, password, display_name=display_name, is_staff=True, is_superuser=True)
    SiteSettings.load()
    with transaction.atomic():
        # The lock orders two people who open the link at once.
        site = SiteSettings.objects.select_for_update().get(pk=1)
        if User.objects.exists():
            raise Conflict("This site has been set up already. Log in.")
        site.name = tidy(site_name) or site.name
        site.save(update_fields=["name"])
        save_new(user)
    return user
