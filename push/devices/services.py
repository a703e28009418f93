"""Services of devices: a person's subscriptions, which are added, changed, tested and removed."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.authentication import attempt_limits
from accounts.authentication.credentials import session_proves
from accounts.models import ApiToken, User, UserSession
from accounts.services.tokens import lock
from chatsite.contract.errors import Conflict, Invalid, NotFound, QuotaExceeded, Unauthorized
from chatsite.outbound.connecting import Refused, is_refused, target_of
from push.devices import vapid
from push.models import MAX_ENDPOINT_LENGTH, MAX_NAME_LENGTH, PushSubscription

MAX_DEVICES = 20
# Of one person in an hour.
TESTS_PER_HOUR, ADDITIONS_PER_HOUR, HOUR_SECONDS = 30, 60, 3600
BASE64 = re.compile(r"[A-Za-z0-9_-]+={0,2}")
POINT_BYTES, SECRET_BYTES, UNCOMPRESSED = 65, 16, 4
# The curve P-256: its field, and `b` of y² = x³ - 3x + b.
FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


class Credential(NamedTuple):
    """What a device ends with: a session or a token."""

    session: UserSession | None = None
    token: ApiToken | None = None


def credential_of(user: User, session_key: str | None, token: ApiToken | None) -> Credential:
    """Return what a request came by. Raises Unauthorized for what is neither a session nor a token."""
    if token is not None:
        return Credential(token=token)
    if not session_key:
        raise Unauthorized()
    known = UserSession.objects.filter(user=user, key=session_key).first()
    return Credential(session=known or UserSession.objects.get_or_create(key=session_key, user=user)[0])


def devices_of(user: User) -> QuerySet[PushSubscription]:
    """Return the person's devices, the newest first."""
    return PushSubscription.objects.filter(user=user).order_by("-pk")


def device(user: User, pk: int) -> PushSubscription:
    """Return one of the person's devices. Raises NotFound."""
    found = devices_of(user).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such device.")
    return found


def add(
    user: User,
    credential: Credential,
    *,
    endpoint: str,
    p256dh: str,
    auth: str,
    name: str,
    content: bool | None = None,
) -> tuple[PushSubscription, bool]:
    """Return the device with this endpoint, and whether it is new. A browser has one: what its session had before, and what
    somebody else had in the same browser, ends. Raises Invalid, Conflict, QuotaExceeded and RateLimited."""
    host = checked_host(endpoint)
    check_keys(p256dh, auth)
    # Made before the first device, so that a lost key is seen before somebody depends on another.
    vapid.key()
    attempt_limits.attempt("push-add", str(user.pk), ADDITIONS_PER_HOUR, 1, HOUR_SECONDS)
    keys = {"p256dh": p256dh.rstrip("="), "auth": auth.rstrip("=")}
    digest = sha256(endpoint.encode()).hexdigest()
    owned = {"user": user, "session": credential.session, "token": credential.token}
    try:
        with transaction.atomic():
            lock(user)
            known = PushSubscription.objects.select_for_update().filter(endpoint_hash=digest).first()
            if known is not None and known.user_id == user.pk:
                return refreshed(known, {**owned, **keys}, content), False
            check_owner(known, keys)
            give_up_former(user, credential, known)
            if devices_of(user).count() >= MAX_DEVICES:
                raise QuotaExceeded(f"You have {MAX_DEVICES} devices already. Remove one first.")
            fields: dict[str, Any] = {**owned, **keys, "host": host, "name": name[:MAX_NAME_LENGTH]}
            if content is not None:
                fields["content"] = content
            return PushSubscription.objects.create(endpoint=endpoint, endpoint_hash=digest, **fields), True
    except IntegrityError as error:
        raise Conflict("The device is being added already. Try again.") from error


def refreshed(known: PushSubscription, fields: dict[str, object], content: bool | None) -> PushSubscription:
    """Store what a device that is known says anew."""
    for name, value in fields.items():
        setattr(known, name, value)
    if content is not None:
        known.content = content
    known.save(update_fields=[*fields, "content"])
    return known


def check_owner(known: PushSubscription | None, keys: dict[str, str]) -> None:
    """Raise Conflict if the endpoint is somebody else's, unless the request has that device's secret: then another person
    has logged in there."""
    if known is not None and (known.p256dh, known.auth) != (keys["p256dh"], keys["auth"]):
        raise Conflict("That endpoint belongs to another device.")


def give_up_former(user: User, credential: Credential, known: PushSubscription | None) -> None:
    """Remove the endpoint from whoever had the browser before, and the session's former endpoint."""
    if known is not None:
        known.delete()
    if credential.session is not None:
        devices_of(user).filter(session=credential.session).delete()


def checked_host(endpoint: str) -> str:
    """Return the host of an endpoint. Whether its address is public is decided when it is connected to. Raises Invalid."""
    try:
        target = target_of(endpoint)
    except Refused:
        raise Invalid.about("endpoint", "Use the address that the browser gave.") from None
    if len(endpoint) > MAX_ENDPOINT_LENGTH or not endpoint.isprintable():
        raise Invalid.about("endpoint", f"Use at most {MAX_ENDPOINT_LENGTH} characters.")
    if target.scheme != "https":
        raise Invalid.about("endpoint", "Use an address that begins with https:.")
    if is_refused(target.host, settings.ALLOWED_HOSTS) and not settings.PUSH_TEST_NETWORKS:
        raise Invalid.about("endpoint", "This site is no push service.")
    return target.host


def check_keys(p256dh: str, auth: str) -> None:
    """Raise Invalid if these can't be a subscription's keys."""
    if not is_point(bytes_of(p256dh)):
        raise Invalid.about("p256dh", "Use the key that the browser gave.")
    if len(bytes_of(auth)) != SECRET_BYTES:
        raise Invalid.about("auth", "Use the secret that the browser gave.")


def bytes_of(text: str) -> bytes:
    """Return the bytes of base64 as URLs have it; none for what isn't."""
    if not BASE64.fullmatch(text):
        return b""
    try:
        return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except ValueError:
        return b""


def is_point(data: bytes) -> bool:
    """Return whether the bytes are a point of the curve P-256, uncompressed."""
    if len(data) != POINT_BYTES or data[0] != UNCOMPRESSED:
        return False
    x, y = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
    return max(x, y) < FIELD and (y * y - (x * x * x - 3 * x + B)) % FIELD == 0


def change(user: User, pk: int, content: bool) -> PushSubscription:
    """Let a device show what was said, or not. Raises NotFound."""
    found = device(user, pk)
    found.content = content
    found.save(update_fields=["content"])
    return found


def remove(user: User, pk: int) -> None:
    """Remove a device. Raises NotFound."""
    device(user, pk).delete()


def spend_test(user: User) -> None:
    """Count a test. Raises RateLimited."""
    attempt_limits.attempt("push-test", str(user.pk), TESTS_PER_HOUR, 1, HOUR_SECONDS)


def standing(devices: Iterable[PushSubscription]) -> set[int]:
    """Return the ids of those of these devices whose session or token still counts; `user`, `session` and `token` are
    loaded. One query."""
    devices = list(devices)
    keys = [each.session.key for each in devices if each.session is not None]
    sessions = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    stored = dict(sessions.values_list("session_key", "session_data"))
    return {
        each.pk
        for each in devices
        if each.token is not None or (each.session is not None and is_proved(each, stored))
    }


def is_proved(device: PushSubscription, stored: dict[str, str]) -> bool:
    """Return whether the device's session is still one of its person's: a new password ends the others."""
    data = stored.get(device.session.key) if device.session else None
    return data is not None and session_proves(SessionStore().decode(data), device.user_id, device.user)
