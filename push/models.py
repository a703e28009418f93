"""Devices that take pushes, what they are to be told, and the key by which push services know this site."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import ApiToken, UserSession
from rooms.models import Membership

MAX_NAME_LENGTH, MAX_ENDPOINT_LENGTH = 60, 1000


class VapidKey(models.Model):
    """The key of RFC 8292: one row. Each subscription is bound to it, so it never changes while there is one."""

    # Both as URLs have base64: the number, and the point of the curve.
    private = models.CharField(max_length=64, editable=False)
    public = models.CharField(max_length=128, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return "key of web push"


class Kind(models.TextChoices):
    """Why somebody is pushed: it decides how urgent a push is, and how long a push service keeps it."""

    MENTION = "mention", "Mention"
    DIRECT = "direct", "Direct message"
    KEYWORD = "keyword", "One of my words"
    THREAD = "thread", "Answer in a thread"
    ROOM = "room", "Message in a room"
    REMINDER = "reminder", "Reminder"


class PushSubscription(models.Model):
    """A browser or a program of a person's that takes pushes. It ends with the session or the token by which it came."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_subscriptions"
    )
    session = models.ForeignKey(UserSession, null=True, on_delete=models.CASCADE, related_name="+")
    token = models.ForeignKey(ApiToken, null=True, on_delete=models.CASCADE, related_name="+")
    endpoint = models.CharField(max_length=MAX_ENDPOINT_LENGTH)
    # SHA-256 of the endpoint.
    endpoint_hash = models.CharField(max_length=64, unique=True)
    host = models.CharField(max_length=255)
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=40)
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    # Whether this device shows what was said, and by whom, where the site allows it.
    content = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_success = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=100, blank=True)
    last_error_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="push_by_session_or_token",
                condition=models.Q(session__isnull=False, token__isnull=True)
                | models.Q(session__isnull=True, token__isnull=False),
            )
        ]

    def __str__(self) -> str:
        """Return the device's name alone: whoever has the endpoint and the keys can push to it."""
        return f"{self.name} of {self.user}"


class PushNoticeQuerySet(models.QuerySet["PushNotice"]):
    """Notices, by whether they were read."""

    def read(self) -> "PushNoticeQuerySet":
        """Keep those that were withdrawn, or beyond which the person has read: that is asked and not stored, so that no
        order of reading and telling leaves one that nobody closes."""
        place = Membership.objects.filter(
            room=models.OuterRef("room"),
            user=models.OuterRef("subscription__user"),
            read_seq__gte=models.OuterRef("seq"),
        )
        return self.filter(models.Q(read_at__isnull=False) | models.Exists(place))


class PushNotice(models.Model):
    """The one notification that a device shows of a room, or is to show: further messages make it grow. The row goes
    when the room is read before the push was sent, or once the device was told that it is read."""

    subscription = models.ForeignKey(
        PushSubscription, on_delete=models.CASCADE, related_name="notices", db_index=False
    )
    # Stands for the room at the push service, and on the device (`push.tags`).
    tag = models.CharField(max_length=32)
    kind = models.CharField(max_length=8, choices=Kind)
    room = models.ForeignKey("rooms.Room", null=True, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey("messaging.Message", null=True, on_delete=models.CASCADE, related_name="+")
    # Of the first and the last message of which the next push tells, or the last one told.
    first_seq = models.PositiveBigIntegerField(default=0, db_default=0)
    seq = models.PositiveBigIntegerField(default=0)
    count = models.PositiveIntegerField(default=1)
    # Of what is no message.
    title = models.CharField(max_length=80, blank=True)
    body = models.CharField(max_length=250, blank=True)
    url = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)
    # When it is to be sent; null once it was.
    due_at = models.DateTimeField(null=True, default=timezone.now)
    # True while the person is at another device.
    held = models.BooleanField(default=False)
    # Until when a process is at it, and how often it was tried.
    claimed_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # Counts changes: whoever sends it sees by it whether there is more to send.
    version = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    # When the room was read elsewhere while the device shows the notification: the next push says so.
    read_at = models.DateTimeField(null=True)

    objects = PushNoticeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "tag"], name="push_notice_once")]
        indexes = [
            models.Index(fields=["due_at"], name="push_notice_due", condition=models.Q(due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"notice {self.pk}"


class PushHandover(models.Model):
    """What became of a push to a person's device (`push.delivery.handovers`): of the messages of a room from `first_seq` to
    `seq`, as many as came before it was sent. It outlives its device, so that one which a service ended can be named."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # The PushSubscription's id, and its name.
    device = models.PositiveBigIntegerField()
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="+")
    first_seq = models.PositiveBigIntegerField()
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField(default=timezone.now)
    # An Outcome (`notifications.handovers`).
    outcome = models.CharField(max_length=9)
    status = models.PositiveSmallIntegerField(null=True)
    detail = models.CharField(max_length=100, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "room", "seq"], name="push_handover_asked"),
            models.Index(fields=["at"], name="push_handover_age"),
        ]

    def __str__(self) -> str:
        return f"handover {self.pk}"
