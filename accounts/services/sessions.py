"""Sessions: log in, log out, and every way in which sessions end."""

from functools import partial

from django.contrib import auth
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from accounts.authentication import attempt_limits, known_devices
from accounts.authentication.password_validators import MAX_PASSWORD_LENGTH
from accounts.models import User, UserSession
from chatsite.contract.errors import Invalid
from chatsite.observability.addresses import client_address
from chatsite.realtime.delivery import revocation

# Sessions of one person; a further login ends the oldest.
MAX_SESSIONS = 50


def log_in(request: HttpRequest, username: str, password: str) -> User:
    """Start a session. An unknown name, a wrong password and a closed account get the same answer after the same
    time. Raises Invalid and RateLimited."""
    limits = attempt_limits.password_limits(
        username, client_address(request.META), known_devices.known(request, username)
    )
    attempt_limits.attempt_all(limits)
    user = None
    if len(password) <= MAX_PASSWORD_LENGTH:
        user = auth.authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        raise Invalid("That name and password don't match.")
    attempt_limits.refund_all(limits)
    start_session(request, user)
    return user


def start_session(request: HttpRequest, user: User) -> None:
    """Log `user` in with `request`; connections of a session that the browser had before are closed."""
    before, key = request.user, request.session.session_key
    auth.login(request, user, backend="accounts.backends.AccountBackend")
    remember(request, user)
    known_devices.remember(request, user)
    if before.is_authenticated and key:
        end_sessions(before.pk, "logged_out", session_key=key)


def log_out(request: HttpRequest) -> None:
    """End the session of `request` and its connections."""
    user, key = request.user, request.session.session_key
    if not user.is_authenticated or not key:
        auth.logout(request)
        return
    # Also before: if this request fails midway, a retry may be unauthenticated and would end nothing.
    revocation.end_sessions(user.pk, "logged_out", session_key=key)
    UserSession.objects.filter(key=key).delete()
    auth.logout(request)
    end_sessions(user.pk, "logged_out", session_key=key)


def remember(request: HttpRequest, user: User) -> None:
    """Record the session, and end the person's oldest ones beyond MAX_SESSIONS."""
    if not request.session.session_key:  # new, and not stored yet
        request.session.save()
    UserSession.objects.create(user=user, key=str(request.session.session_key))
    old = list(user.sessions.order_by("-pk").values_list("key", flat=True)[MAX_SESSIONS:])
    if not old:
        return
    with transaction.atomic():
        Session.objects.filter(session_key__in=old).delete()
        UserSession.objects.filter(key__in=old).delete()
        for key in old:
            end_sessions(user.pk, "logged_out", session_key=key)


def renew(request: HttpRequest, user: User) -> None:
    """Keep one session, under a new key, after all sessions of a person were ended."""
    auth.update_session_auth_hash(request, user)
    user.sessions.all().delete()
    remember(request, user)
    known_devices.remember(request, user)


def log_out_everywhere(user: User, *, keep: HttpRequest | None = None) -> None:
    """End every session and revoke every token; `keep` is a request whose session goes on."""
    with transaction.atomic():
        user.tokens.all().delete()
        User.objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)
        end_sessions(user.pk, "logged_out", keep=keep)
    user.refresh_from_db(fields=["session_version"])
    if keep is not None:
        renew(keep, user)


def sweep_sessions() -> None:
    """Delete expired sessions and the rows that name them."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    UserSession.objects.exclude(key__in=Session.objects.values("session_key")).delete()


def end_sessions(
    user_id: int,
    code: str,
    *,
    session_key: str | None = None,
    token_id: int | None = None,
    keep: HttpRequest | None = None,
) -> None:
    """After the commit, close a person's connections, or those of one session or token. Clients of `keep`, a request
    whose session goes on under a new key, reconnect with that."""
    ended = partial(revocation.end_sessions, user_id, code, session_key=session_key, token_id=token_id)
    if keep is not None and keep.session.session_key:
        ended = partial(revocation.end_other_sessions, user_id, code, kept=keep.session.session_key)
    transaction.on_commit(ended)
