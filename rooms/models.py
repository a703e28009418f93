"""Rooms, memberships, bans, blocks, invite links, the log of events with its mentions, and the log's consumers."""

import secrets
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.models import Invite, NotificationLevel, User


def new_epoch() -> str:
    """Return a random epoch, which identifies one history of a room's log."""
    return secrets.token_hex(8)


class RoomQuerySet(models.QuerySet["Room"]):
    """Rooms by who may see them."""

    def visible_to(self, user: User) -> "RoomQuerySet":
        """Keep public rooms and those of which this person is a member."""
        mine = Membership.objects.filter(user=user).values("room_id")
        return self.filter(models.Q(kind=Room.Kind.PUBLIC) | models.Q(pk__in=mine))

    def readable_by(self, user: User) -> "RoomQuerySet":
        """Keep the visible rooms from which the person isn't banned."""
        return self.visible_to(user).exclude(bans__user=user)


class Room(models.Model):
    """A room: public, private, or direct between a set of people."""

    class Kind(models.TextChoices):
        PUBLIC = "public", "Public"
        PRIVATE = "private", "Private"
        DIRECT = "direct", "Direct"

    class Callers(models.TextChoices):
        """Who may call everybody by @room and @here."""

        BY_SIZE = "", "Everybody while the room is small, then its moderators"
        MODERATORS = "moderators", "Its owner and moderators"
        MEMBERS = "members", "Everybody in it"

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=64, blank=True)
    topic = models.CharField(max_length=250, blank=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PUBLIC)
    # The id of the picture's file in hex, as a User's; direct rooms have none.
    avatar = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The sorted ids of a direct room's people, unique: opening it again finds it.
    direct_key = models.CharField(max_length=200, unique=True, null=True, editable=False)
    callers = models.CharField(max_length=10, choices=Callers, blank=True, default="", db_default="")
    # Every new account becomes a member of these.
    is_default = models.BooleanField(default=False)
    epoch = models.CharField(max_length=16, default=new_epoch, editable=False)
    head = models.PositiveBigIntegerField(default=0, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = RoomQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="direct", direct_key__isnull=False)
                | (~models.Q(kind="direct") & models.Q(direct_key__isnull=True)),
                name="room_direct_has_key",
            )
        ]

    def __str__(self) -> str:
        return self.name or ", ".join(person.full_name for person in self.people) or self.slug

    @cached_property
    def people(self) -> list[User]:
        """The people of a direct room by username: their names are its name. `find_people` reads them for many rooms."""
        if self.kind != Room.Kind.DIRECT:
            return []
        found = self.memberships.select_related("user").order_by("user__username")
        return [membership.user for membership in found]

    @staticmethod
    def find_people(rooms: Sequence["Room"]) -> None:
        """Set `people` of all of these rooms in one query."""
        direct = {room.pk: room for room in rooms if room.kind == Room.Kind.DIRECT}
        found: dict[int, list[User]] = {pk: [] for pk in direct}
        members = Membership.objects.filter(room__in=direct).select_related("user") if direct else ()
        for membership in members:
            found[membership.room_id].append(membership.user)
        for room in rooms:
            room.people = sorted(found.get(room.pk, []), key=lambda person: person.username)

    @staticmethod
    def direct_key_of(people: Iterable[User]) -> str:
        """Return the key of the direct room of these people."""
        return ",".join(str(pk) for pk in sorted({person.pk for person in people}))

    @property
    def archived(self) -> bool:
        """Whether the room can only be read."""
        return self.archived_at is not None


class Membership(models.Model):
    """A person's place in a room: role, mute, level and read position."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        MODERATOR = "moderator", "Moderator"
        MEMBER = "member", "Member"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    # Set by a moderator: the member may not write. What the member is told of is `level`, which is theirs alone; empty
    # where they chose nothing (`rooms.membership.levels`).
    muted = models.BooleanField(default=False)
    level = models.CharField(
        max_length=8, choices=NotificationLevel, blank=True, default="", db_default="", editable=False
    )
    # Set in the direct room of two people while one blocks the other. Maintained by `rooms.membership.consent`, so
    # that sending a message needn't look blocks up.
    blocked = models.BooleanField(default=False, db_default=False, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        db_index=False,
    )
    read_seq = models.PositiveBigIntegerField(default=0, editable=False)
    # How often the read position was moved back: a report that was made before the last time is ignored.
    read_version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # The furthest position that was ever read up to, 0 for none: read receipts are of it. It isn't where a newcomer begins,
    # and doesn't go back.
    seen_seq = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    # The furthest position that was read while the person was invisible and that others aren't told yet; 0 for none.
    hidden_seq = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="membership_once")]
        # Counted for each added member; most came by themselves.
        indexes = [
            models.Index(
                fields=["added_by"],
                name="membership_added",
                condition=models.Q(added_by__isnull=False),
            ),
            models.Index(
                fields=["user"], name="membership_hidden_seen", condition=models.Q(hidden_seq__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.room}"

    @property
    def moderates(self) -> bool:
        """Whether the member is an owner or moderator."""
        return self.role in MODERATING


MODERATING = (Membership.Role.OWNER, Membership.Role.MODERATOR)


class Ban(models.Model):
    """A person who may not enter a room. A member who is banned is removed."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="bans", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="room_bans")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="ban_once")]

    def __str__(self) -> str:
        return f"{self.user} banned from {self.room}"


class RoomBlock(models.Model):
    """A person who left a room and may not be added again. Joining it themselves deletes the block."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="room_blocks", db_index=False
    )
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="blocks")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "room"], name="room_block_once")]

    def __str__(self) -> str:
        return f"{self.user} not into {self.room}"


class PersonBlock(models.Model):
    """A block of one person by another: no direct messages, and no additions to rooms."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="person_blocks", db_index=False
    )
    blocked = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "blocked"], name="person_block_once")]

    def __str__(self) -> str:
        return f"{self.blocked} blocked by {self.user}"


class RoomInviteQuerySet(models.QuerySet["RoomInvite"]):
    """Invite links into rooms, by whether they still work."""

    def standing(self) -> "RoomInviteQuerySet":
        """Keep links that are neither revoked nor expired, into a room that isn't archived, by somebody who moderates
        it now."""
        makers = Membership.objects.filter(
            room=models.OuterRef("room"), user=models.OuterRef("invite__created_by"), role__in=MODERATING
        )
        # A correlated subquery: otherwise the database lists all links of the site to check one.
        lasting = Invite.objects.standing().filter(pk=models.OuterRef("invite"))
        return self.filter(models.Exists(makers), models.Exists(lasting), room__archived_at=None)


class RoomInvite(models.Model):
    """An invite link that leads into a room."""

    invite = models.OneToOneField("accounts.Invite", on_delete=models.CASCADE, related_name="room_invite")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="invites")

    # Set by `rooms.membership.invites.described`.
    ended: bool
    signs_up: bool

    objects = RoomInviteQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.invite} into {self.room}"


class Event(models.Model):
    """A line of a room's log. Seqs of a room have no gap and are never reused.

    Every index costs a page write for each message: none is here without need.
    """

    # No constraints of foreign keys: whoever writes a line has locked the room's row, and accounts and rooms are never
    # deleted; a room that has lines can't be on PostgreSQL (`messaging.migrations.0011`). Each would be a look-up more for
    # every message.
    room = models.ForeignKey(
        Room, on_delete=models.CASCADE, related_name="events", db_index=False, db_constraint=False
    )
    seq = models.PositiveBigIntegerField()
    event = models.CharField(max_length=20)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    # The id of what the event is about, such as a message, for the app that wrote it.
    subject_id = models.PositiveBigIntegerField(null=True)
    data = models.JSONField(default=dict)
    # A message that was deleted or hidden; unread counts leave it out.
    retracted = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "seq"], name="event_seq_once")]
        # Unread counts (rooms/unread/room_counts.py) subtract these: one's own messages, events that are none, and
        # retracted ones.
        indexes = [
            models.Index(
                fields=["user", "room", "seq"],
                name="event_own",
                condition=models.Q(event="chat-message", retracted=False),
            ),
            models.Index(
                fields=["room", "seq"],
                name="event_uncounted",
                condition=~models.Q(event="chat-message") | models.Q(retracted=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room_id} #{self.seq} {self.event}"


class Mention(models.Model):
    """A mention of a person, by its message's position in the log."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="mentions", db_index=False)
    seq = models.PositiveBigIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions", db_index=False
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "room", "seq"], name="mention_once")]
        indexes = [models.Index(fields=["room", "seq"], name="mention_by_place")]

    def __str__(self) -> str:
        return f"{self.user} at {self.room_id} #{self.seq}"


class Consumer(models.Model):
    """A consumer of the log (`rooms.log.consumers`), and the process that runs it.

    The lease is `holder`'s until `lease_until`, by the database's clock. `paused` is set by an administrator; `off`
    says that the consumer was switched off by the site's settings when it was last looked at.
    """

    name = models.CharField(max_length=32, unique=True)
    holder = models.CharField(max_length=64, blank=True)
    held_since = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    paused = models.BooleanField(default=False)
    off = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class ConsumerPosition(models.Model):
    """How far a consumer has come in a room's log. Without a row it has read nothing: the room is younger than it."""

    consumer = models.ForeignKey(Consumer, on_delete=models.CASCADE, related_name="positions", db_index=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")
    seq = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["consumer", "room"], name="consumer_position_once")]

    def __str__(self) -> str:
        return f"{self.consumer_id} in {self.room_id} at #{self.seq}"


class ConsumerRetry(models.Model):
    """A line of the log that a consumer couldn't handle: it is tried again at `due_at`, or `failed` for good.

    `error` has the kind of the last exception and its place in the code, nothing of what it was about.
    """

    consumer = models.ForeignKey(Consumer, on_delete=models.CASCADE, related_name="retries", db_index=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")
    seq = models.PositiveBigIntegerField()
    attempts = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()
    error = models.CharField(max_length=200, blank=True)
    failed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["consumer", "room", "seq"], name="consumer_retry_once")
        ]
        indexes = [
            models.Index(
                fields=["consumer", "due_at"],
                name="consumer_retry_due",
                condition=models.Q(failed=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.consumer_id} in {self.room_id} #{self.seq}, tried {self.attempts} times"
