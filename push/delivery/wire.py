"""The job of the child process for some pushes."""

from base64 import urlsafe_b64encode
from typing import Any

from django.conf import settings

from push.devices import vapid
from push.models import Kind, PushSubscription

# Seconds for which a push service keeps a push for a device that is off.
TTL_SECONDS = {
    Kind.MENTION: 86_400,
    Kind.DIRECT: 86_400,
    Kind.KEYWORD: 43_200,
    Kind.THREAD: 43_200,
    Kind.ROOM: 14_400,
    Kind.REMINDER: 86_400,
}
# RFC 8030, 5.3: a device that saves its battery still gets what is "high".
URGENCY = {
    Kind.MENTION: "high",
    Kind.DIRECT: "high",
    Kind.KEYWORD: "normal",
    Kind.THREAD: "normal",
    Kind.ROOM: "normal",
    Kind.REMINDER: "high",
}


def job_of(
    key: vapid.Key, pushes: list[tuple[PushSubscription, Kind, str, bytes]], seconds: float
) -> dict[str, Any]:
    """Return the job (`push.sending.jobs`) of devices with the kind, the tag and the text of each push. A job has a bound of
    64 KB, which twelve with the longest endpoints and texts keep."""
    return {
        "key": key.private,
        "subject": vapid.subject(),
        "seconds": seconds,
        # In a test, the push service is on this machine.
        "hosts": [] if settings.PUSH_TEST_NETWORKS else settings.ALLOWED_HOSTS,
        "networks": settings.PUSH_TEST_NETWORKS,
        "certificates": settings.PUSH_TEST_CERTIFICATES,
        "pushes": [
            {
                "endpoint": device.endpoint,
                "p256dh": device.p256dh,
                "auth": device.auth,
                "payload": urlsafe_b64encode(text).decode(),
                "ttl": TTL_SECONDS[kind],
                "urgency": URGENCY[kind],
                "topic": tag,
            }
            for device, kind, tag, text in pushes
        ],
    }
