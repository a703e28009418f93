"""Messages with files whose bytes nobody asks for: rows alone, as `files.services.attach` leaves them."""

import uuid
from typing import Any

from django.utils import timezone

from accounts.models import User
from files.models import Blob, File
from files.payloads import file_payload
from messaging import services
from messaging.models import Message

PICTURE = {
    "type": "image/jpeg",
    "kind": "picture",
    "inline": True,
    "width": 4000,
    "height": 3000,
    "previews": {"small": [720, 540, 30_000], "large": [1440, 1080, 90_000]},
    "placeholder": "data:image/webp;base64,UklGRg==",
}
KINDS: dict[str, dict[str, Any]] = {
    "picture": PICTURE,
    "video": {"type": "video/mp4", "kind": "video", "inline": True, "width": 1920, "height": 1080, "duration": 75.4},
    "audio": {"type": "audio/mpeg", "kind": "audio", "inline": True, "duration": 3725.0},
    "text": {"type": "text/plain", "kind": "text", "inline": False, "excerpt": "if &lt;b&gt;"},
    "document": {"type": "application/pdf", "kind": "document", "inline": False},
}  # fmt: skip


def file_of(owner: User, room: Any, name: str, kind: str = "document", **details: Any) -> File:
    """A loose file of somebody's."""
    alt = details.pop("alt", "")
    blob = Blob.objects.create(**{"size": 412_000, "sha256": "0" * 64, **KINDS[kind], **details})
    return File.of(blob, owner=owner, room=room, name=name, alt=alt)


def said_with(sender: User, room: Any, *files: File, body: str = "") -> Message:
    """A message of the room that carries these files; without `body` one that has no text."""
    message = services.send(sender, room.slug, body or "to be empty", uuid.uuid4())[0]
    message.files = [file_payload(file) for file in files]
    if not body:
        message.body = message.html = ""
    message.save(update_fields=["files", "body", "html"])
    found = File.objects.filter(pk__in=[file.pk for file in files])
    found.update(message=message, attached_at=timezone.now())
    return message
