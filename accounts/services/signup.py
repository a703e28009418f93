"""Sign-up: new accounts by open registration or by invite link."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import signup_hooks
from accounts.authentication import attempt_limits
from accounts.models import TAKEN, Invite, SiteSettings, User
from accounts.services.invites import find_invite, may_invite, spend
from accounts.services.naming import check_names, refused, save_named
from accounts.services.profile import check_fields
from chatsite.contract.errors import Fields, Forbidden, Invalid


def sign_up(
    *,
    username: str,
    password: str,
    display_name: str = "",
    email: str = "",
    invite: str | None = None,
    address: str | None = None,
) -> tuple[User, str | None]:
    """Make an account; return it with the page to which its invite leads, if any. Raises Forbidden, NotFound,
    Invalid, RateLimited."""
    found = check_sign_up(invite)
    user = new_user(username, password, display_name=display_name, email=email, address=address)
    page = None
    with transaction.atomic():
        save_new(user)
        if found is not None:
            # The maker's role may have ended while the password was hashed.
            check_sign_up(invite)
            spend(user, found)
            page = signup_hooks.follow(user, found)
    return user, page


def check_sign_up(code: str | None) -> Invite | None:
    """Return the invite that allows a sign-up; None where sign-up is open to all. Raises Forbidden, and NotFound for
    a link that doesn't work."""
    door = SiteSettings.load().sign_up
    if door == SiteSettings.SignUp.CLOSED:
        raise Forbidden("Nobody can sign up here. Ask an administrator for an account.")
    if code:
        found = find_invite(code)
        if door != SiteSettings.SignUp.OPEN and not may_invite(found.created_by):
            raise Forbidden("This link lets in people who have an account here. Log in to use it.")
        return found
    if door != SiteSettings.SignUp.OPEN:
        raise Forbidden("Sign-up is by invite link. Ask somebody here for one.")
    return None


def new_user(username: str, password: str, *, address: str | None = None, **fields: Any) -> User:
    """Return a checked, unsaved user with a hashed password: hashing takes long and must not happen in a transaction."""
    user = User(username=username, **fields)
    user.email = User.objects.normalize_email(user.email)
    check_all(
        lambda: check_fields(user, "username", "display_name", "email"),
        lambda: check_free(username),
        lambda: check_password(password, user, field="password"),
    )
    if address is not None:
        attempt_limits.attempt("sign-up", address, attempt_limits.SIGN_UPS_PER_ADDRESS)
    # After the limit: its answer reveals other people's names.
    check_names(user, "username", "display_name")
    user.set_password(password)
    return user


def check_all(*checks: Callable[[], None]) -> None:
    """Run all checks, and raise one Invalid with the errors of all fields."""
    fields: Fields = {}
    for check in checks:
        try:
            check()
        except Invalid as error:
            fields |= error.fields or {}
    if fields:
        raise refused(fields)


def check_free(username: str) -> None:
    """Raise Invalid if somebody has this username in any case."""
    with suppress(User.DoesNotExist):
        User.objects.by_username(username)
        raise Invalid(TAKEN, fields={"username": [TAKEN]})


def save_new(user: User) -> None:
    """Store a new user. Raises Invalid if the name was taken since it was looked up."""
    try:
        with transaction.atomic():
            save_named(user)
    except IntegrityError as error:  # somebody took the name since it was looked up
        raise Invalid(TAKEN, fields={"username": [TAKEN]}) from error


def check_password(password: str, user: User, *, field: str) -> None:
    """Raise Invalid at `field` unless the validators accept the password."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), fields={field: error.messages}) from error
