"""New passwords, and one-time links by which a person chooses one."""

from collections.abc import Collection

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts.authentication import attempt_limits
from accounts.models import SiteSettings, User
from accounts.services.sessions import renew
from accounts.services.signup import check_password
from chatsite.contract.errors import Conflict, Forbidden, Invalid, NotFound
from chatsite.realtime.scheduling.background import in_background

GONE = "This link doesn't work any more. Ask for a new one."


def change_password(user: User, password: str) -> None:
    """Set a password; end every session and revoke every token. Raises Invalid, and Conflict as `store_password`
    does."""
    check_password(password, user, field="password")
    seen = user.password
    user.set_password(password)
    store_password(user, instead_of=seen)


def store_password(
    user: User,
    *,
    instead_of: str | None = None,
    keep_tokens: Collection[int] = (),
    keep_session: str | None = None,
) -> None:
    """Write the hash of a `user` whose `set_password` was called; end the sessions, except the one with the key
    `keep_session`, and all tokens except `keep_tokens` (ids).

    Raises Conflict, with nothing changed, if the stored hash is no longer `instead_of`: the link or old password that
    allowed the change is then used up.
    """
    stored = User.objects.filter(pk=user.pk)
    if instead_of is not None:
        stored = stored.present().filter(password=instead_of)
    with transaction.atomic():
        if not stored.update(password=user.password):
            raise Conflict("The password was changed meanwhile.")
        user.end_all_but(keep_tokens, keep_session)


def change_own_password(
    request: HttpRequest, current: str, password: str, keep_tokens: Collection[int] = ()
) -> None:
    """Change the password of the person who asks. Ends their other sessions and all tokens but those of these ids;
    the session of `request` goes on under a new key. Raises Invalid if `current` is wrong."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101
    # Counted by session: wrong guesses of strangers don't count against this person.
    limits = attempt_limits.password_limits(user.username, "", f"session {request.session.session_key}")
    attempt_limits.attempt_all(limits)
    if not user.check_password(current):
        raise Invalid("That is not your password.", fields={"current": ["That is not your password."]})
    attempt_limits.refund_all(limits)
    check_password(password, user, field="password")
    seen = user.password
    user.set_password(password)
    key = request.session.session_key
    store_password(user, instead_of=seen, keep_tokens=keep_tokens, keep_session=key)
    renew(request, user)


def make_reset_link(user: User, *, by: User | None = None) -> str:
    """Return a path that works once, for PASSWORD_RESET_TIMEOUT. Whoever has it can choose the person's password.
    Raises Forbidden."""
    if by is not None and not (by.is_present and by.is_superuser):
        raise Forbidden("Only an administrator may do that.")
    if not user.is_present:
        raise Forbidden("This account is closed. Open it again first.")
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = generator(by.pk if by else None).make_token(user)
    return reverse("password_reset_confirm", args=[uid, f"{by.pk}.{token}" if by else token])


def generator(maker_id: int | None) -> PasswordResetTokenGenerator:
    """Return a token generator for links of one maker, so that no maker's token passes as another's."""
    made = PasswordResetTokenGenerator()
    if maker_id is not None:
        made.key_salt = f"{made.key_salt}.{maker_id}"
    return made


def token_holds(user: User, token: str) -> bool:
    """Return whether a reset token works: unused, not expired, and of a maker who is still an administrator."""
    maker, _, token = token.rpartition(".")
    if not maker:
        return generator(None).check_token(user, token)
    administrators = User.objects.present().filter(is_superuser=True)
    by = (
        administrators.filter(pk=maker).first()
        if maker.isascii() and maker.isdigit() and len(maker) < 19
        else None
    )
    return by is not None and generator(by.pk).check_token(user, token)


def user_of_reset_link(uid: str, token: str) -> User:
    """Return the person of a reset link. Raises NotFound if it was used, has expired or never existed."""
    try:
        pk = int(urlsafe_base64_decode(uid).decode("ascii"))
        user: User = User.objects.present().get(pk=pk)
    except (ValueError, OverflowError, User.DoesNotExist) as error:
        raise NotFound(GONE) from error
    if not token_holds(user, token):
        raise NotFound(GONE)
    return user


def reset_password(uid: str, token: str, password: str) -> User:
    """Set the password by a link, and end all sessions and tokens: an intruder is out. Of several uses at once one
    succeeds, and the others raise NotFound."""
    user = user_of_reset_link(uid, token)
    try:
        change_password(user, password)
    except Conflict as error:
        raise NotFound(GONE) from error
    return user


def mail_reset_links(email: str, *, base: str, address: str) -> None:
    """Mail a link to each account with this address. Returns alike whether or not there is one. Raises RateLimited."""
    attempt_limits.attempt("reset-address", address, attempt_limits.RESETS_PER_ADDRESS)
    attempt_limits.attempt("reset-email", email.lower(), attempt_limits.RESETS_PER_NAME)
    # In the background: the time of the answer must not tell whether there is an account.
    in_background(send_reset_links, email, base)


def send_reset_links(email: str, base: str) -> None:
    """Mail a reset link to at most five accounts with this address."""
    for user in User.objects.present().filter(email__iexact=email)[:5]:
        context = {"user": user, "site": SiteSettings.load(), "link": base + make_reset_link(user)}
        body = render_to_string("accounts/reset_mail.txt", context)
        send_mail(
            f"{context['site']}: choose a new password", body, settings.DEFAULT_FROM_EMAIL, [user.email]
        )
