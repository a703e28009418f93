"""How accounts come to be."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts import arrivals, limits
from accounts.models import Invite, SiteSettings, User
from accounts.names import tidy
from accounts.services.invites import find_invite, spend
from accounts.services.profile import check_fields
from chatsite.errors import Conflict, Forbidden, Invalid, NotFound

SETUP_SALT = "accounts.setup"
SETUP_SECONDS = 7 * 24 * 3600
TAKEN = "That username is taken."


def sign_up(
    *,
    username: str,
    password: str,
    display_name: str = "",
    email: str = "",
    invite: str | None = None,
    address: str | None = None,
) -> tuple[User, str | None]:
    """A new account, and the page that its invite leads to, if any. Raises Forbidden where sign-up is not open."""
    found = check_sign_up(invite)
    user = new_user(username, password, display_name=display_name, email=email, address=address)
    page = None
    with transaction.atomic():
        save_new(user)
        if found is not None:
            spend(user, found)
            page = arrivals.follow(user, found)
    return user, page


def check_sign_up(code: str | None) -> Invite | None:
    """Raises Forbidden where one can't sign up like that, NotFound for a link that doesn't work; the invite else."""
    door = SiteSettings.load().sign_up
    if door == SiteSettings.SignUp.CLOSED:
        raise Forbidden("Nobody can sign up here. Ask an administrator for an account.")
    if code:
        return find_invite(code)
    if door != SiteSettings.SignUp.OPEN:
        raise Forbidden("Sign-up is by invite link. Ask somebody here for one.")
    return None


def new_user(username: str, password: str, *, address: str | None = None, **fields: Any) -> User:
    """Checked and with its password hashed, but not stored: a hash takes time, and no transaction may wait for it."""
    user = User(username=username, **fields)
    user.email = User.objects.normalize_email(user.email)
    check_fields(user, "username", "display_name", "email")
    check_password(password, user, field="password")
    if User.objects.filter(username__iexact=username).exists():
        raise Invalid(TAKEN, fields={"username": [TAKEN]})
    if address is not None:
        limits.attempt("sign-up", address, limits.SIGN_UPS_PER_ADDRESS)
    user.set_password(password)
    return user


def save_new(user: User) -> None:
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:  # somebody took the name since it was looked up
        raise Invalid(TAKEN, fields={"username": [TAKEN]}) from error


def check_password(password: str, user: User, *, field: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), fields={field: error.messages}) from error


def setup_link() -> str | None:
    """The path of the page that makes the first administrator; None once there is an account."""
    if User.objects.exists():
        return None
    return reverse("setup", args=[signing.dumps("first administrator", salt=SETUP_SALT)])


def check_setup(token: str) -> None:
    try:
        signing.loads(token, salt=SETUP_SALT, max_age=SETUP_SECONDS)
    except (signing.BadSignature, UnicodeError) as error:
        raise NotFound("This link doesn't work any more. Start the server again for a new one.") from error
    if User.objects.exists():
        raise NotFound("This site has been set up already. Log in.")


def set_up(token: str, *, site_name: str, username: str, password: str, display_name: str = "") -> User:
    """The first administrator, and the site's name."""
    check_setup(token)
    user = new_user(username, password, display_name=display_name, is_staff=True, is_superuser=True)
    SiteSettings.load()
    with transaction.atomic():
        # The lock lets one of two who open the link at once be first.
        site = SiteSettings.objects.select_for_update().get(pk=1)
        if User.objects.exists():
            raise Conflict("This site has been set up already. Log in.")
        site.name = tidy(site_name) or site.name
        site.save(update_fields=["name"])
        save_new(user)
    return user
