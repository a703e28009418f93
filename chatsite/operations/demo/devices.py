"""Devices of the demo's person, as if they had subscribed. Nothing is ever sent to them: their addresses have no https, so
`push.sending.posting.service_at` refuses them before a name is looked up."""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from typing import cast

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from accounts.models import User, UserSession
from notifications.handovers import Outcome
from notifications.models import Kind, Notification
from push.devices import vapid
from push.models import PushHandover, PushSubscription
from rooms.models import Room

# Name, host of the push service, days since it was added, hours since it was last told, and whether it shows texts.
DEVICES = (
    ("Firefox on Linux", "push.firefox.example", 64, 2, True),
    ("Chrome on Android", "push.chrome.example", 41, 1, True),
    ("Safari on iPad", "push.safari.example", 9, 27, False),
)


def add_devices(user: User, now: datetime) -> None:
    """Give the person devices, each with a session of its own that nobody has the key of."""
    # Before the first device: one without the site's key would look as if that had been lost.
    point = vapid.key().public
    for name, host, days, hours, content in DEVICES:
        endpoint = f"http://{host}/demo"
        device = PushSubscription.objects.create(
            user=user,
            session=session_of(user),
            endpoint=endpoint,
            endpoint_hash=sha256(endpoint.encode()).hexdigest(),
            host=host,
            p256dh=point,
            auth=urlsafe_b64encode(bytes(16)).decode().rstrip("="),
            name=name,
            content=content,
            created_at=now - timedelta(days=days),
            last_success=now - timedelta(hours=hours),
        )
        hand_over(device)


def hand_over(device: PushSubscription) -> None:
    """Note that the device was handed what its person was told of, as "Why was I told?" says."""
    told = Notification.objects.filter(user=device.user, message__isnull=False).select_related("room")
    PushHandover.objects.bulk_create(
        PushHandover(
            user=device.user,
            device=device.pk,
            name=device.name,
            room=cast(Room, row.room),
            first_seq=row.seq,
            seq=row.seq,
            at=row.at,
            outcome=Outcome.DELIVERED,
            status=201,
        )
        for row in told.exclude(kind=Kind.REACTION)
    )


def session_of(user: User) -> UserSession:
    """Return a session of the person's, as a login makes it. Nobody has its cookie."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return UserSession.objects.create(user=user, key=str(store.session_key))
