"""How accounts come to be."""

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
    """A new account, and the page that its invite leads to, if any. Raises Forbidden where sign-up is not open."""
    found = check_sign_up(invite)
    user = new_user(username, password, display_name=display_name, email=email, address=address)
    page = None
    with transaction.atomic():
        save_new(user)
        if found is not None:
            # Its maker's role may have ended while the password was hashed.
            check_sign_up(invite)
            spend(user, found)
            page = signup_hooks.follow(user, found)
    return user, page


def check_sign_up(code: str | None) -> Invite | None:
    """Raises Forbidden where one can't sign up like that, NotFound for a link that doesn't work; the invite else."""
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
    """Checked and with its password hashed, but not stored: a hash takes time, and no transaction may wait for it."""
    user = User(username=username, **fields)
    user.email = User.objects.normalize_email(user.email)
    check_all(
        lambda: check_fields(user, "username", "display_name", "email"),
        lambda: check_free(username),
        lambda: check_password(password, user, field="password"),
    )
    if address is not None:
        attempt_limits.attempt("sign-up", address, attempt_limits.SIGN_UPS_PER_ADDRESS)
    # Behind the limit: the answer tells what others are called.
    check_names(user, "username", "display_name")
    user.set_password(password)
    return user


def check_all(*checks: Callable[[], None]) -> None:
    """All that is wrong at once, so that nobody mends one field only to hear of the next."""
    fields: Fields = {}
    for check in checks:
        try:
            check()
        except Invalid as error:
            fields |= error.fields or {}
    if fields:
        raise refused(fields)


def check_free(username: str) -> None:
    with suppress(User.DoesNotExist):
        User.objects.by_username(username)
        raise Invalid(TAKEN, fields={"username": [TAKEN]})


def save_new(user: User) -> None:
    try:
        with transaction.atomic():
            save_named(user)
    except IntegrityError as error:  # somebody took the name since it was looked up
        raise Invalid(TAKEN, fields={"username": [TAKEN]}) from error


def check_password(password: str, user: User, *, field: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), fields={field: error.messages}) from error
