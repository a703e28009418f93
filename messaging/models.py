"""Messages, their earlier texts, reactions to them, and the record of private rooms that moderators read."""

from datetime import datetime
from typing import TypedDict

import orjson
from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import User
from rooms.models import Room

# Columns of what a message shows beside its text: null where there is none of it, and in a deleted message.
PARTS = ("reactions", "files", "previews", "forwarded")


class ReactionSummary(TypedDict):
    """One emoji under a message, as payloads show it: how many reacted so, and the usernames of the first of them."""

    emoji: str
    count: int
    users: list[str]


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages by room, state and time."""

    def whole(self) -> "MessageQuerySet":
        """Join all that a payload needs."""
        return self.select_related("room", "sender", "reply_to__sender")

    def visible_to(self, user: User) -> "MessageQuerySet":
        """Keep messages of rooms that this person may read."""
        return self.filter(room__in=Room.objects.readable_by(user))

    def standing(self) -> "MessageQuerySet":
        """Keep messages that are neither deleted nor hidden."""
        return self.filter(deleted_at=None, hidden_at=None)

    def first_since(self, at: datetime) -> int:
        """Return the first id of messages sent at or after `at`. By bisection, as ids grow with time and times have
        no index."""
        low, high = 0, (self.aggregate(last=models.Max("pk"))["last"] or 0) + 1
        while low < high:
            middle = (low + high) // 2
            sent = self.filter(pk__gte=middle).order_by("pk").values_list("created_at", flat=True)[0]
            low, high = (low, middle) if sent >= at else (middle + 1, high)
        return low


class Message(models.Model):
    """A message. Its text goes when it is deleted by a person, and stays when a moderator hides it."""

    # On PostgreSQL triggers keep rooms and senders, not foreign keys (migration 0011): whoever stores a message has to have
    # found and locked them, as `messaging.sending.sql` has.
    # No index of its own: the unique keys below begin with it.
    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="messages", db_index=False)
    seq = models.PositiveBigIntegerField()
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    client_id = models.UUIDField()
    # SHA-256 of the text first sent: tells a repeat from another message, also after an edit or a deletion.
    fingerprint = models.CharField(max_length=64, editable=False)
    body = models.TextField(blank=True)
    html = models.TextField(blank=True, editable=False)
    reply_to = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replies", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Deleted by a person: the text is gone. Hidden by a moderator: the text is kept and can be restored.
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    hidden_at = models.DateTimeField(null=True, blank=True, editable=False)
    hidden_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        db_index=False,
    )
    # The text for search (`messaging.search.folded`); null if it equals the body, as it mostly does.
    folded = models.TextField(null=True, editable=False)
    # A summary of the message's reactions, in the order of each emoji's first use: pages read it with the message. Null
    # without any. `messaging.reactions.services` writes it together with the rows (docs/decisions/027).
    reactions = models.JSONField(null=True, editable=False)
    # What else the message shows, as payloads have it, so that pages read it with the message; null without any. The rows
    # behind them (`files.File`, `previews.MessagePreview`) say who may fetch what, and are written together with these.
    files = models.JSONField(null=True, editable=False)
    previews = models.JSONField(null=True, editable=False)
    # The message that this one passes on, as it was then.
    forwarded = models.JSONField(null=True, editable=False)

    # The payload as JSON, of a message that was just stored (`messaging.payloads.encoded`).
    encoded: orjson.Fragment | None = None
    # True if this process stored it just now, so that its copy of another message is as that was looked up.
    just_stored = False
    # True if the administration may show the text (`messaging.private_reading`).
    readable = False

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="message_seq_once"),
            models.UniqueConstraint(fields=["sender", "client_id"], name="message_client_id_once"),
        ]
        indexes = [
            # Few messages are replies; others add nothing to this index.
            models.Index(
                fields=["reply_to"], name="message_answers", condition=models.Q(reply_to__isnull=False)
            ),
            # Nor do others to these, for moderators' lists.
            models.Index(fields=["id"], name="message_hidden", condition=models.Q(hidden_at__isnull=False)),
            models.Index(fields=["id"], name="message_deleted", condition=models.Q(deleted_at__isnull=False)),
            models.Index(fields=["id"], name="message_edited", condition=models.Q(edited_at__isnull=False)),
            models.Index(
                fields=["hidden_at"], name="message_hidden_last", condition=models.Q(hidden_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        """Return the id alone: the administration's log must not contain messages."""
        return f"Message {self.pk}"

    @property
    def gone(self) -> bool:
        """Whether everybody sees a tombstone."""
        return self.deleted_at is not None or self.hidden_at is not None


class Reaction(models.Model):
    """A person's emoji under a message. It goes with the message's text, and stays while a moderator hides that."""

    # No index of its own: those below begin with it.
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # Unicode's sequence, as `messaging.reactions.emoji` spells it.
    emoji = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "user", "emoji"], name="reaction_once")]
        indexes = [models.Index(fields=["message", "id"], name="reaction_in_order")]

    def __str__(self) -> str:
        return f"Reaction {self.pk}"


class MessageText(models.Model):
    """A text that a message had before an edit. Kept as typed; rendered when somebody reads it."""

    # No index of its own: the unique key below begins with it.
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="texts", db_index=False)
    # Of this message's texts the first, second and so on. Those that went in between leave a hole.
    number = models.PositiveIntegerField()
    body = models.TextField()
    # Since when the message said this: its sending, or the edit before.
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="message_text_number_once"),
        ]

    def __str__(self) -> str:
        """Return ids alone: logs must not contain messages."""
        return f"Text {self.number} of message {self.message_id}"


class PrivateReadingQuerySet(models.QuerySet["PrivateReading"]):
    """Records of private reading."""

    def open_to(self, moderator: User) -> "PrivateReadingQuerySet":
        """Keep those of this person that haven't expired."""
        return self.filter(moderator=moderator, expires_at__gt=timezone.now())


class PrivateReading(models.Model):
    """A moderator's reason to read a private or direct room, and until when. Rows are never changed or deleted:
    administrators see who read what, and why."""

    room = models.ForeignKey("rooms.Room", on_delete=models.PROTECT, related_name="private_readings")
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="private_readings", db_index=False
    )
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField("given at", default=timezone.now, editable=False)
    expires_at = models.DateTimeField("readable until", editable=False)

    objects = PrivateReadingQuerySet.as_manager()

    class Meta:
        verbose_name = "reading of a private room"
        verbose_name_plural = "readings of private rooms"
        indexes = [models.Index(fields=["moderator", "expires_at"], name="private_reading_open")]

    def __str__(self) -> str:
        return f"Reading {self.pk}"
