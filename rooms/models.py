import secrets
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.models import Invite, User


def new_epoch() -> str:
    return secrets.token_hex(8)


class RoomQuerySet(models.QuerySet["Room"]):
    def visible_to(self, user: User) -> "RoomQuerySet":
        """Public rooms and the rooms this person is in."""
        mine = Membership.objects.filter(user=user).values("room_id")
        return self.filter(models.Q(kind=Room.Kind.PUBLIC) | models.Q(pk__in=mine))

    def readable_by(self, user: User) -> "RoomQuerySet":
        """Of these, the ones from which they aren't banned."""
        return self.visible_to(user).exclude(bans__user=user)


class Room(models.Model):
    class Kind(models.TextChoices):
        PUBLIC = "public", "Public"
        PRIVATE = "private", "Private"
        DIRECT = "direct", "Direct"

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=64, blank=True)
    topic = models.CharField(max_length=250, blank=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PUBLIC)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The ids of a direct room's people, sorted: the unique key by which the room is found again.
    direct_key = models.CharField(max_length=200, unique=True, null=True, editable=False)
    # Everyone is put into these on arrival.
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
        """Who is in a direct room, by username: their names are its name. `find_people` has found them for many."""
        if self.kind != Room.Kind.DIRECT:
            return []
        found = self.memberships.select_related("user").order_by("user__username")
        return [membership.user for membership in found]

    @staticmethod
    def find_people(rooms: Sequence["Room"]) -> None:
        """Read `people` of all of these rooms in one query."""
        direct = {room.pk: room for room in rooms if room.kind == Room.Kind.DIRECT}
        found: dict[int, list[User]] = {pk: [] for pk in direct}
        members = Membership.objects.filter(room__in=direct).select_related("user") if direct else ()
        for membership in members:
            found[membership.room_id].append(membership.user)
        for room in rooms:
            room.people = sorted(found.get(room.pk, []), key=lambda person: person.username)

    @staticmethod
    def direct_key_of(people: Iterable[User]) -> str:
        return ",".join(str(pk) for pk in sorted({person.pk for person in people}))

    @property
    def archived(self) -> bool:
        return self.archived_at is not None


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        MODERATOR = "moderator", "Moderator"
        MEMBER = "member", "Member"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    muted = models.BooleanField(default=False)
    # In the direct room of two people of whom one has blocked the other: kept by `rooms.membership.consent`, so that
    # whoever stores a message needn't ask.
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
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="membership_once")]
        # Counted for each member that somebody adds; most came by themselves.
        indexes = [
            models.Index(
                fields=["added_by"],
                name="membership_added",
                condition=models.Q(added_by__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.room}"

    @property
    def moderates(self) -> bool:
        return self.role in MODERATING


MODERATING = (Membership.Role.OWNER, Membership.Role.MODERATOR)


class Ban(models.Model):
    """Somebody who may not come back into a room. They were removed when it was made."""

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
    """Somebody left a room and is not to be added again. Coming back by themselves lifts it."""

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
    """`user` wants nothing of `blocked`: no direct talk, and not to be added to rooms by them."""

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
    def standing(self) -> "RoomInviteQuerySet":
        """Not revoked or run out, into a room that isn't archived, and made by somebody who moderates it now."""
        makers = Membership.objects.filter(
            room=models.OuterRef("room"), user=models.OuterRef("invite__created_by"), role__in=MODERATING
        )
        # Asked for each: a list of all the site's links would be made for one.
        lasting = Invite.objects.standing().filter(pk=models.OuterRef("invite"))
        return self.filter(models.Exists(makers), models.Exists(lasting), room__archived_at=None)


class RoomInvite(models.Model):
    """An invite link that also leads into a room."""

    invite = models.OneToOneField("accounts.Invite", on_delete=models.CASCADE, related_name="room_invite")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="invites")

    # As `rooms.membership.invites.described` finds them.
    ended: bool
    signs_up: bool

    objects = RoomInviteQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.invite} into {self.room}"


class Event(models.Model):
    """One line of a room's log. `seq` has no hole and is never used twice in a room.

    Each index is one more page to write for a message: none is here without need.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveBigIntegerField()
    event = models.CharField(max_length=20)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    # What the event is about (a message's id), for the app that wrote it.
    subject_id = models.PositiveBigIntegerField(null=True)
    data = models.JSONField(default=dict)
    # A message that was deleted or hidden: it counts as unread no more.
    retracted = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "seq"], name="event_seq_once")]
        # Left out of unread counts (rooms/unread/room_counts.py): one's own messages, and what is none or was taken back.
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
    """A message that names somebody, by its place in the log."""

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
