"""What pages say of themselves, and which messages show it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from messaging.models import Message
from rooms.models import Room


class Preview(models.Model):
    """What the page of a link says of itself, shared for a while by messages with that link: those of public rooms, or of
    one other room. Never changed once it is known: messages that show it keep showing that. Its title is empty where there
    is nothing to show."""

    # SHA-256 of the URL as it is fetched.
    url_hash = models.CharField(max_length=64)
    url = models.TextField()
    # The room that is not public, if one shares it: nobody learns from a preview that is there at once what was linked where
    # they can't read. No index of its own: it is asked for with the hash.
    room = models.ForeignKey(Room, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    # False once another was fetched for the same URL.
    current = models.BooleanField(default=True)
    # True until it is fetched, and all messages that have the link show it.
    pending = models.BooleanField(default=True)
    # On whose behalf it is fetched.
    wanted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    wanted_at = models.DateTimeField(default=timezone.now)
    # Until when a process is at it, or leaves it alone after a fault of its own; and how often it was tried.
    claimed_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    fetched_at = models.DateTimeField(null=True)
    host = models.CharField(max_length=255)
    title = models.CharField(max_length=200, blank=True)
    description = models.CharField(max_length=500, blank=True)
    # Its row says in `released_at` that it is given up.
    picture = models.ForeignKey(
        "files.File", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["url_hash"],
                name="preview_public_once",
                condition=models.Q(current=True, room__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["url_hash", "room"],
                name="preview_private_once",
                condition=models.Q(current=True, room__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="preview_pending", condition=models.Q(pending=True)),
            models.Index(fields=["wanted_at"], name="preview_age"),
            models.Index(
                fields=["picture"], name="preview_picture", condition=models.Q(picture__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        """Return the id alone: logs must not contain what people sent."""
        return f"Preview {self.pk}"


class MessagePreview(models.Model):
    """A preview of a message's link; the text has their order. One that a person removed stays as a row, so that it doesn't
    come back."""

    # No index of its own: the unique key below begins with it.
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+", db_index=False)
    preview = models.ForeignKey(Preview, on_delete=models.CASCADE, related_name="shown")
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "preview"], name="message_preview_once")]

    def __str__(self) -> str:
        return f"Preview {self.preview_id} of message {self.message_id}"
