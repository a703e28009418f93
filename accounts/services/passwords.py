"""New passwords, and the one-time links that let somebody choose one."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts import limits
from accounts.models import SiteSettings, User
from accounts.services.sessions import end_sessions, log_out_everywhere, renew
from accounts.services.signup import check_password
from chatsite.errors import Forbidden, Invalid, NotFound
from chatsite.realtime.threads import aside


def change_password(
    user: User, password: str, *, keep: HttpRequest | None = None, field: str = "password"
) -> None:
    """Ends every other session; `keep` is a request whose session goes on, under a new key."""
    check_password(password, user, field=field)
    user.set_password(password)
    store_password(user, keep=keep)
    if keep is not None:
        renew(keep, user)


def store_password(user: User, *, keep: HttpRequest | None = None) -> None:
    """For a `user` whose `set_password` was called."""
    with transaction.atomic():
        user.save(update_fields=["password"])
        end_sessions(user.pk, "password_changed", keep=keep)


def change_own_password(request: HttpRequest, current: str, password: str) -> None:
    """Raises Invalid where `current` is not the password of who asks."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101
    limits.attempt("password", str(user.pk), limits.LOGINS_PER_NAME)
    if not user.check_password(current):
        raise Invalid("That is not your password.", fields={"current": ["That is not your password."]})
    limits.succeeded("password", str(user.pk))
    change_password(user, password, keep=request)


def make_reset_link(user: User, *, by: User | None = None) -> str:
    """A path that works once, for PASSWORD_RESET_TIMEOUT. Whoever has it can choose the person's password."""
    if by is not None and not (by.is_present and by.is_superuser):
        raise Forbidden("Only an administrator may do that.")
    if not user.is_present:
        raise Forbidden("This account is closed. Open it again first.")
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("password_reset_confirm", args=[uid, default_token_generator.make_token(user)])


def user_of_reset_link(uid: str, token: str) -> User:
    """Raises NotFound for a link that was used, has run out or never was."""
    try:
        pk = int(urlsafe_base64_decode(uid).decode("ascii"))
        user = User.objects.present().get(pk=pk)
    except (ValueError, OverflowError, User.DoesNotExist) as error:
        raise NotFound("This link doesn't work any more. Ask for a new one.") from error
    if not default_token_generator.check_token(user, token):
        raise NotFound("This link doesn't work any more. Ask for a new one.")
    return user


def reset_password(uid: str, token: str, password: str) -> User:
    """Whoever had got into the account is out: sessions and tokens end too."""
    user = user_of_reset_link(uid, token)
    change_password(user, password)
    log_out_everywhere(user)
    return user


def mail_reset_links(email: str, *, base: str, address: str) -> None:
    """A link to each account with this address. The caller learns nothing about whether there is one."""
    limits.attempt("reset-address", address, limits.RESETS_PER_ADDRESS)
    limits.attempt("reset-email", email.lower(), limits.RESETS_PER_NAME)
    # Aside, so that the answer takes no longer where there is one.
    aside(send_reset_links, email, base)


def send_reset_links(email: str, base: str) -> None:
    for user in User.objects.present().filter(email__iexact=email)[:5]:
        context = {"user": user, "site": SiteSettings.load(), "link": base + make_reset_link(user)}
        body = render_to_string("accounts/reset_mail.txt", context)
        send_mail(
            f"{context['site']}: choose a new password", body, settings.DEFAULT_FROM_EMAIL, [user.email]
        )
