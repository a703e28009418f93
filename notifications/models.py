"""What people want to be told of, and what they were told."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from rooms.models import Membership

# Characters of a reminder's text.
MAX_TEXT_LENGTH = 500
# Characters of what a mail server answered.
MAX_ANSWER_LENGTH = 200


class Kind(models.TextChoices):
    """Why a notification is in somebody's inbox."""

    MENTION = "mention", "Mention"
    DIRECT = "direct", "Direct message"
    KEYWORD = "keyword", "One of my words"
    THREAD = "thread", "Answer in a thread"
    REACTION = "reaction", "Reaction to mine"
    REMINDER = "reminder", "Reminder"


# Kinds that tell of a message itself: of one message a person is told once.
OF_MESSAGES = (Kind.MENTION, Kind.DIRECT, Kind.KEYWORD, Kind.THREAD)


class Preferences(models.Model):
    """What somebody is told of and when, beside the levels: those are the User's, and the Membership's in a room. Who never
    changed anything has no row."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="preferences"
    )
    # One on each line (`notifications.keywords`).
    keywords = models.TextField(blank=True)
    quiet_until = models.DateTimeField(null=True, blank=True)
    # Hours in which the person wants to be disturbed (`notifications.schedule`); none for all.
    schedule = models.JSONField(default=list, blank=True)
    zone = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name_plural = "preferences"
        indexes = [models.Index(fields=["user"], name="preferences_words", condition=Q(keywords__gt=""))]

    def __str__(self) -> str:
        return f"preferences of {self.user}"

    @property
    def words(self) -> list[str]:
        """The keywords as the person wrote them."""
        return self.keywords.splitlines()


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Notifications by whose they are, and whether they are read."""

    def of(self, user: User) -> "NotificationQuerySet":
        """Keep what a person may see in their inbox: of rooms in which they are, and of messages that stand."""
        found = self.filter(user=user).placed()
        return found.filter(
            Q(room=None) | Q(place__isnull=False), message__deleted_at=None, message__hidden_at=None
        )

    def placed(self) -> "NotificationQuerySet":
        """Annotate each with `place`, how far its person has read its room; null where they are no member."""
        mine = Membership.objects.filter(user=models.OuterRef("user"), room=models.OuterRef("room"))
        return self.annotate(place=models.Subquery(mine.values("read_seq")[:1]))

    def unread(self) -> "NotificationQuerySet":
        """Keep those of `placed` that are unread: not marked, and beyond what was read in their rooms."""
        return self.filter(Q(kind=Kind.REMINDER) | Q(seq__gt=F("place")), read_at=None)


class Notification(models.Model):
    """A thing that somebody was told of, in their inbox. It is read once it is marked so, or once the person has read the
    room beyond `seq`: that is asked and not stored, so that no order of reading and telling leaves a ghost."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications", db_index=False
    )
    kind = models.CharField(max_length=8, choices=Kind)
    room = models.ForeignKey(
        "rooms.Room", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    message = models.ForeignKey("messaging.Message", null=True, on_delete=models.CASCADE, related_name="+")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # A reminder's.
    text = models.CharField(max_length=MAX_TEXT_LENGTH, blank=True, default="", db_default="")
    # A reaction's.
    emoji = models.CharField(max_length=64, blank=True)
    # The seq of the room's log up to which the person has to read: the message's, or the reaction's.
    seq = models.PositiveBigIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    # When a mail told of it, or was found needless (`notifications.mailing`).
    mailed_at = models.DateTimeField(null=True, editable=False)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        # Consumers of the log tell everything at least once: the database keeps it to once.
        constraints = [
            models.UniqueConstraint(
                fields=["user", "message"],
                name="notification_of_message_once",
                condition=Q(kind__in=["mention", "direct", "keyword", "thread"]),
            ),
            models.UniqueConstraint(
                fields=["user", "message", "actor", "emoji"],
                name="notification_of_reaction_once",
                condition=Q(kind="reaction"),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "id"], name="notification_inbox"),
            models.Index(
                fields=["user", "room", "seq"], name="notification_unread", condition=Q(read_at=None)
            ),
            models.Index(
                fields=["at"], name="notification_unmailed", condition=Q(read_at=None, mailed_at=None)
            ),
        ]

    def __str__(self) -> str:
        """Return the id alone: logs must not contain who was told what."""
        return f"Notification {self.pk}"


class MailWish(models.TextChoices):
    """What somebody wants to get by mail."""

    CONTENT = "content", "What was said to me"
    NOTICE = "notice", "That something was said to me"
    NEVER = "never", "Nothing"


class Mailing(models.Model):
    """Mail to a person: their wish, and the claim of the process that sends it. Who never got one has no row."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="mailing"
    )
    wish = models.CharField(max_length=7, choices=MailWish, default=MailWish.CONTENT)
    # No other process mails them before; also after a mail that wasn't taken.
    claimed_until = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)

    def __str__(self) -> str:
        return f"mail to {self.user}"


class MailAnswer(models.Model):
    """What became of the mail that told of a notification, at its last try (`notifications.mailing.answers`)."""

    notification = models.OneToOneField(
        Notification, on_delete=models.CASCADE, primary_key=True, related_name="mail_answer"
    )
    # An Outcome (`notifications.handovers`).
    outcome = models.CharField(max_length=9)
    at = models.DateTimeField()
    # What the mail server said; empty where it wasn't reached.
    status = models.PositiveSmallIntegerField(null=True)
    text = models.CharField(max_length=MAX_ANSWER_LENGTH, blank=True)

    def __str__(self) -> str:
        return f"mail of {self.notification_id}"
