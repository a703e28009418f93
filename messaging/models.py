from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import User
from rooms.models import Room


class MessageQuerySet(models.QuerySet["Message"]):
    def whole(self) -> "MessageQuerySet":
        """With all that a payload needs, in one query."""
        return self.select_related("room", "sender", "reply_to__sender")

    def visible_to(self, user: User) -> "MessageQuerySet":
        """In the rooms this person may read."""
        return self.filter(room__in=Room.objects.readable_by(user))

    def standing(self) -> "MessageQuerySet":
        """Neither deleted nor hidden."""
        return self.filter(deleted_at=None, hidden_at=None)

    def first_since(self, at: datetime) -> int:
        """The id from which on messages were sent then or later, as ids grow with time. By halving: times have no index."""
        low, high = 0, (self.aggregate(last=models.Max("pk"))["last"] or 0) + 1
        while low < high:
            middle = (low + high) // 2
            sent = self.filter(pk__gte=middle).order_by("pk").values_list("created_at", flat=True)[0]
            low, high = (low, middle) if sent >= at else (middle + 1, high)
        return low


class Message(models.Model):
    # Found by the unique keys below, which begin with them.
    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="messages", db_index=False)
    seq = models.PositiveBigIntegerField()
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    client_id = models.UUIDField()
    # SHA-256 of what was first sent: a repeat is told from another message even after an edit or a deletion.
    fingerprint = models.CharField(max_length=64, editable=False)
    body = models.TextField(blank=True)
    html = models.TextField(blank=True, editable=False)
    reply_to = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replies", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Deleted by a person: the text is gone. Hidden by a moderator in the admin: the text is kept and can come back.
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
    # In which the search finds words (`messaging.search.folded`); null where that is the text itself, as it mostly is.
    folded = models.TextField(null=True, editable=False)

    # What was sent of it, of one that was just stored (`messaging.payloads.encoded`).
    encoded: orjson.Fragment | None = None
    # Whether the administration may show the text to who asked (`messaging.private_reading`): not before it was looked up.
    readable = False

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="message_seq_once"),
            models.UniqueConstraint(fields=["sender", "client_id"], name="message_client_id_once"),
        ]
        indexes = [
            # Few messages are answers; the others cost nothing here.
            models.Index(
                fields=["reply_to"], name="message_answers", condition=models.Q(reply_to__isnull=False)
            ),
            # Nor do these, for moderators' lists, until one is taken back.
            models.Index(fields=["id"], name="message_hidden", condition=models.Q(hidden_at__isnull=False)),
            models.Index(fields=["id"], name="message_deleted", condition=models.Q(deleted_at__isnull=False)),
            models.Index(fields=["id"], name="message_edited", condition=models.Q(edited_at__isnull=False)),
            models.Index(
                fields=["hidden_at"], name="message_hidden_last", condition=models.Q(hidden_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        """Its number alone: what is said must not stand in the administration's log."""
        return f"Message {self.pk}"

    @classmethod
    def stored(cls, **values: Any) -> "Message":
        """The row as it would be read: values for all columns, in the order of the fields."""
        return cls.from_db("default", values.keys(), values.values())

    @property
    def gone(self) -> bool:
        """Shown as a tombstone to everyone."""
        return self.deleted_at is not None or self.hidden_at is not None


class PrivateReadingQuerySet(models.QuerySet["PrivateReading"]):
    def open_to(self, moderator: User) -> "PrivateReadingQuerySet":
        """Those of this person that haven't ended."""
        return self.filter(moderator=moderator, expires_at__gt=timezone.now())


class PrivateReading(models.Model):
    """The reason for which a moderator of the site reads what is said in a private or direct room, and until when. Rows are
    never changed or deleted: administrators see who read what, and why."""

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
