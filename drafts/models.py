"""Drafts that a person's devices share, messages that are to be sent later, and reminders."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from chatsite.contract.zones import MAX_ZONE_LENGTH
from rooms.models import Room

MAX_TEXT_LENGTH = 1000
# For how long a process has a scheduled message for itself, by the database's clock.
CLAIMED_FOR = timedelta(seconds=60)


class SavedDraftQuerySet(models.QuerySet["SavedDraft"]):
    """Drafts by whose they are, and whether they may see them."""

    def of(self, user: User) -> "SavedDraftQuerySet":
        """Keep the person's drafts in rooms that they are in: who loses access to a room doesn't see its draft."""
        return self.filter(user=user, room__memberships__user=user)


class SavedDraft(models.Model):
    """What a person has begun to write in a room, over all their devices."""

    # No index of its own: the unique key below begins with it.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="+", db_index=False)
    body = models.TextField(blank=True)
    reply_to = models.ForeignKey(
        "messaging.Message", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    # Milliseconds, and more than the draft before it had: a draft that is made anew never has a former one's version.
    version = models.BigIntegerField()
    updated_at = models.DateTimeField(default=timezone.now)

    objects = SavedDraftQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "room"], name="draft_once")]
        indexes = [
            # For deletions of rooms, and of messages that drafts answer.
            models.Index(fields=["room"], name="draft_room"),
            models.Index(fields=["reply_to"], name="draft_answers", condition=Q(reply_to__isnull=False)),
        ]

    def __str__(self) -> str:
        """Return the id alone: logs must not contain what people write."""
        return f"Draft {self.pk}"


class ScheduledMessageQuerySet(models.QuerySet["ScheduledMessage"]):
    """Scheduled messages by state."""

    def waiting(self) -> "ScheduledMessageQuerySet":
        """Keep those that are still to be sent."""
        return self.filter(state=ScheduledMessage.State.WAITING)

    def unclaimed(self) -> "ScheduledMessageQuerySet":
        """Keep those that no process is sending. A claim that ends later than any can is of a clock that was set back; one
        that ends a little later than mine would is of a statement that began behind this one, and was faster."""
        now = Now()
        free = Q(claimed_until=None) | Q(claimed_until__lt=now) | Q(claimed_until__gt=now + 2 * CLAIMED_FOR)
        return self.filter(free)


class ScheduledMessage(models.Model):
    """A message to be sent later. Its row goes once it is sent; the message has its `client_id`, so sending it twice stores
    it once."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        FAILED = "failed", "Not sent"

    # No index of its own: the unique key below begins with it.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    room: "models.ForeignKey[Room, Room]" = models.ForeignKey(
        "rooms.Room", on_delete=models.CASCADE, related_name="+"
    )
    body = models.TextField(blank=True)
    reply_to = models.ForeignKey(
        "messaging.Message", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    # Its files in their order: `[{"id", "name"}]`. By the name the sender is told of one that is gone.
    files = models.JSONField(default=list, db_default=[])
    client_id = models.UUIDField(default=uuid.uuid4)
    send_at = models.DateTimeField()
    # The sender's zone, in which the time was chosen.
    time_zone = models.CharField(max_length=MAX_ZONE_LENGTH, default="UTC")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    # Why it wasn't sent: the contract's code and sentence.
    error_code = models.CharField(max_length=32, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)
    claimed_until = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ScheduledMessageQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "client_id"], name="scheduled_client_id_once")]
        indexes = [
            models.Index(fields=["send_at"], name="scheduled_due", condition=Q(state="waiting")),
            models.Index(fields=["reply_to"], name="scheduled_answers", condition=Q(reply_to__isnull=False)),
        ]

    def __str__(self) -> str:
        """Return the id alone: logs must not contain messages."""
        return f"Scheduled message {self.pk}"


class Reminder(models.Model):
    """Something that a person wants to be reminded of: a message, a text, or both."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DUE = "due", "Due"
        DONE = "done", "Done"

    # No index of its own: the unique key below begins with it.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    message = models.ForeignKey(
        "messaging.Message", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    text = models.CharField(max_length=MAX_TEXT_LENGTH, blank=True)
    client_id = models.UUIDField(default=uuid.uuid4)
    remind_at = models.DateTimeField()
    # The person's zone, in which the time was chosen.
    time_zone = models.CharField(max_length=MAX_ZONE_LENGTH, default="UTC")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "client_id"], name="reminder_client_id_once")]
        indexes = [
            models.Index(fields=["remind_at"], name="reminder_due", condition=Q(state="waiting")),
            models.Index(fields=["message"], name="reminder_message", condition=Q(message__isnull=False)),
        ]

    def __str__(self) -> str:
        """Return the id alone: logs must not contain what people write."""
        return f"Reminder {self.pk}"
