"""Devices as their owner sees them, and pushes as devices get them."""

from typing import Any

import orjson

from chatsite.contract.times import iso
from messaging.payloads import gist
from push.models import Kind, PushNotice, PushSubscription
from push.tags import tag_of
from rooms.models import Room

Payload = dict[str, Any]

# Bytes of a push's text: with its padding, it fits what push services take.
MAX_PUSH_BYTES = 2000
# Notifications that one push closes.
MAX_READ = 20
UNTOLD = {
    Kind.MENTION: "You were mentioned",
    Kind.DIRECT: "New direct message",
    Kind.KEYWORD: "One of your words was said",
    Kind.THREAD: "New answer in a thread",
    Kind.ROOM: "New message in a room",
    Kind.REMINDER: "A reminder",
}
# Characters of a sender's and a room's name.
MAX_NAME = 64


def device_payload(device: PushSubscription, session_key: str | None) -> Payload:
    """Return a device. `session_key` is that of the request: its own device is `current`. `session` is loaded."""
    error = device.last_error
    return {
        "id": device.pk,
        "name": device.name,
        "host": device.host,
        "current": device.session is not None and device.session.key == session_key,
        "content": device.content,
        "created_at": iso(device.created_at),
        "last_success": iso(device.last_success) if device.last_success else None,
        "last_error": {"detail": error, "at": iso(device.last_error_at)} if error else None,
    }


def push_text(notice: PushNotice, content: bool, read: list[str]) -> bytes:
    """Return what a device is told. Without content it says only what kind of thing happened."""
    title, body = words_of(notice) if content else ("", "")
    payload = {
        "tag": notice.tag,
        "kind": notice.kind,
        "room": notice.room.slug if notice.room else None,
        "title": title or UNTOLD[Kind(notice.kind)],
        "count": notice.count,
        "url": notice.url,
        "at": iso(notice.at),
        "read": read[:MAX_READ],
    }
    if body:
        payload["body"] = body
    return fitting(payload)


def fitting(payload: Payload) -> bytes:
    """Return the payload as JSON, its body cut until it fits."""
    while len(data := orjson.dumps(payload)) > MAX_PUSH_BYTES and payload.get("body"):
        payload["body"] = payload["body"][: len(payload["body"]) // 2] + "…"
        if len(payload["body"]) < 3:
            del payload["body"]
    return data


def words_of(notice: PushNotice) -> tuple[str, str]:
    """Return title and body: of a direct message its sender and the text, of a room its name and who said what."""
    message, room = notice.message, notice.room
    if message is None or room is None:
        return notice.title, notice.body
    sender = message.sender.name[:MAX_NAME]
    said = gist(message)
    if room.kind == Room.Kind.DIRECT:
        return sender, said
    return room.name[:MAX_NAME], f"{sender}: {said}"


def sample_text(device: PushSubscription, url: str, at: str) -> bytes:
    """Return what a test shows on a device."""
    return orjson.dumps(
        {
            "tag": tag_of(device.user_id, "/test"),
            "kind": "test",
            "room": None,
            "title": "Notifications work",
            "body": f"This is how {device.name} is told.",
            "count": 1,
            "url": url,
            "at": at,
            "read": [],
        }
    )
