"""Accounts, their sessions, tokens, invite links and names, and the site's settings."""

import hashlib
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import profile_broadcast, signup_hooks
from accounts.names import (
    SKELETON_LENGTH,
    USERNAME,
    skeletons,
    tidy,
    validate_display_name,
    validate_username,
)
from chatsite.contract.emoji import MAX_EMOJI_LENGTH
from chatsite.contract.zones import MAX_ZONE_LENGTH
from chatsite.realtime.delivery import revocation

# Characters of a status' text, and of the name of a time zone.
MAX_STATUS_LENGTH = 100
TAKEN = "That username is taken."
LOOKS_LIKE_ANOTHER = "This name looks like somebody else's."


class NotificationLevel(models.TextChoices):
    """What somebody is told of in a room."""

    ALL = "all", "Every message"
    MENTIONS = "mentions", "Mentions and my words"
    NONE = "none", "Nothing"


class Availability(models.TextChoices):
    """How present somebody is to others. Automatic: as their pages are; away after ten minutes without input."""

    AUTOMATIC = "automatic", "Automatic"
    AWAY = "away", "Away"
    DND = "dnd", "Do not disturb"
    INVISIBLE = "invisible", "Invisible"


def ended(until: datetime | None) -> bool:
    """Return whether there is an end and it has passed."""
    return until is not None and until <= timezone.now()


class UserQuerySet(models.QuerySet["User"]):
    """Users, by their standing and by their names."""

    def present(self) -> "UserQuerySet":
        """Keep the users who may use the site: active and not banned."""
        return self.filter(is_active=True, is_banned=False)

    def inviting(self) -> "UserQuerySet":
        """Keep the users whose invite links let people sign up who have no account."""
        inviters = SiteSettings.load().inviters
        if inviters == SiteSettings.Inviters.MEMBERS:
            return self.present()
        if inviters == SiteSettings.Inviters.ADMINISTRATORS:
            return self.present().filter(is_superuser=True)
        return self.present().filter(models.Q(is_staff=True) | models.Q(is_superuser=True))

    def by_username(self, username: str) -> "User":
        """Return the user of this name in any case of its letters. Raises User.DoesNotExist, also for what can't be a
        username."""
        # The pattern is needed: the lower case of "\u212a" (the kelvin sign) is "k".
        if not USERNAME.fullmatch(username):
            raise self.model.DoesNotExist
        return self.alias(lower=Lower("username")).get(lower=username.lower())

    def by_usernames(self, usernames: Iterable[str]) -> dict[str, "User"]:
        """Return the users of these names, keyed by the lower-cased username. One query; unknown names are left out."""
        lower = {username.lower() for username in usernames if USERNAME.fullmatch(username)}
        found = self.alias(lower=Lower("username")).filter(lower__in=lower) if lower else self.none()
        return {user.username.lower(): user for user in found}


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Creates users with a checked username and a hashed password."""

    def get_by_natural_key(self, username: str | None) -> "User":
        user: User = self.get_queryset().by_username(username or "")
        return user

    def create_user(
        self, username: str, email: str | None = None, password: str | None = None, **extra: Any
    ) -> "User":
        validate_username(username)
        user: User = self.model(username=username, email=self.normalize_email(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **extra: Any
    ) -> "User":
        return self.create_user(username, email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin):
    """An account. `is_staff` are moderators, `is_superuser` administrators."""

    username = models.CharField(
        max_length=32,
        unique=True,
        validators=[validate_username],
        help_text="3 to 32 letters, digits, dots, dashes or underscores.",
    )
    display_name = models.CharField(max_length=64, blank=True, validators=[validate_display_name])
    email = models.EmailField(blank=True)
    is_staff = models.BooleanField("moderator", default=False, help_text="May open the administration pages.")
    is_active = models.BooleanField("active", default=True)
    is_banned = models.BooleanField("banned", default=False)
    # The emoji that a double click puts under a message; empty for none. The database has the default too: processes of
    # the version before go on making accounts while a new one starts.
    double_click_reaction = models.CharField(
        max_length=MAX_EMOJI_LENGTH, blank=True, default="", db_default="", editable=False
    )
    # The id of the picture's file in hex, the version in its address; empty for initials.
    avatar = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    # Whether their pages show previews of links.
    show_previews = models.BooleanField(default=True, db_default=True, editable=False)
    # Whether they show in small rooms how far they have read, and see it of others.
    show_receipts = models.BooleanField(default=True, db_default=True, editable=False)
    # Whether single characters act on their pages (WCAG 2.1.4): who speaks to their computer may not want that.
    single_keys = models.BooleanField(default=True, db_default=True, editable=False)
    # How present they are to others, and until when; then it is automatic again.
    availability = models.CharField(
        max_length=9, choices=Availability, default="automatic", db_default="automatic", editable=False
    )
    availability_until = models.DateTimeField(null=True, blank=True, editable=False)
    # What they say of themselves beside their name, and until when; an emoji is a sequence or `:name:`.
    status_emoji = models.CharField(
        max_length=MAX_EMOJI_LENGTH, blank=True, default="", db_default="", editable=False
    )
    status_text = models.CharField(
        max_length=MAX_STATUS_LENGTH, blank=True, default="", db_default="", editable=False
    )
    status_until = models.DateTimeField(null=True, blank=True, editable=False)
    # An IANA name, or empty; others see the time there if `show_local_time`.
    time_zone = models.CharField(
        max_length=MAX_ZONE_LENGTH, blank=True, default="", db_default="", editable=False
    )
    show_local_time = models.BooleanField(default=False, db_default=False, editable=False)
    # What they are told of in rooms where they chose nothing; empty for the site's default.
    notification_level = models.CharField(
        max_length=8, choices=NotificationLevel, blank=True, default="", db_default="", editable=False
    )
    # Part of every session's hash: incrementing it ends all sessions and sockets of this person.
    session_version = models.PositiveIntegerField(default=0, editable=False)
    last_seen = models.DateTimeField(null=True, blank=True, editable=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_username_unique",
                violation_error_message=TAKEN,
            )
        ]
        indexes = [
            # Every page looks up the moderators, to mark their names.
            models.Index(fields=["id"], name="user_moderators", condition=models.Q(is_staff=True)),
            # Each process reads once a minute who is invisible, and what will end.
            models.Index(fields=["availability"], name="user_availability"),
            models.Index(
                fields=["status_until"],
                name="user_status_until",
                condition=models.Q(status_until__isnull=False),
            ),
            models.Index(
                fields=["availability_until"],
                name="user_availability_until",
                condition=models.Q(availability_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.username

    def clean(self) -> None:
        super().clean()
        self.display_name = tidy(self.display_name)

    @property
    def name(self) -> str:
        """The display name, or the username where there is none."""
        return self.display_name or self.username

    @property
    def full_name(self) -> str:
        """Both names, "Ada Lovelace (@ada)", for places where one line says who somebody is."""
        return f"{self.name} (@{self.username})" if self.display_name else self.username

    @property
    def chosen_availability(self) -> Availability:
        """What the person chose; automatic once its end has passed."""
        return Availability.AUTOMATIC if ended(self.availability_until) else Availability(self.availability)

    @property
    def has_status(self) -> bool:
        """Whether there is a status, whose end has not passed."""
        return bool(self.status_emoji or self.status_text) and not ended(self.status_until)

    @property
    def is_present(self) -> bool:
        """Whether the account may use the site: active and not banned."""
        return self.is_active and not self.is_banned

    def check_password(self, raw_password: str | None) -> bool:
        """Return whether it is the password. A hash of an older kind is replaced, unless the password was changed
        meanwhile."""

        def renew(password: str) -> None:
            seen, self.password = self.password, make_password(password)
            User.objects.filter(pk=self.pk, password=seen).update(password=self.password)

        return check_password(raw_password, self.password, renew)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        key = "accounts.models.User.session"
        value = f"{self.password}{self.session_version}"
        return salted_hmac(key, value, secret=secret, algorithm="sha256").hexdigest()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the row and the skeletons of its names. Raises ValidationError if a name looks like somebody else's.

        A new account runs the sign-up hooks, a new password ends other sessions, a new display name is broadcast
        after the commit.
        """
        arriving, renewed = self._state.adding, getattr(self, "_password", None) is not None
        written = kwargs.get("update_fields")
        with transaction.atomic():
            super().save(*args, **kwargs)
            if written is None or {"username", "display_name"} & set(written):
                NameSkeleton.objects.assign(self)
            if arriving:
                signup_hooks.welcome(self)
                return
            if renewed:
                self.end_all_but()
            if written is not None and "display_name" in written:
                transaction.on_commit(partial(profile_broadcast.announce, self.pk), robust=True)

    def end_all_but(self, tokens: Collection[int] = (), session_key: str | None = None) -> None:
        """End what a former password authenticated: delete all tokens but those of these ids and, after the commit,
        close every connection that came by neither these nor the session of `session_key`. Sessions contain the
        password's hash and so end with it."""
        kept = list(self.tokens.filter(pk__in=tokens).values_list("pk", flat=True)) if tokens else []
        self.tokens.exclude(pk__in=kept).delete()
        transaction.on_commit(
            partial(revocation.end_other_sessions, self.pk, "password_changed", kept=session_key, tokens=kept)
        )

    @property
    def skeletons(self) -> set[str]:
        """Skeletons of both names."""
        return skeletons(self.username) | skeletons(self.display_name)


class NameSkeletonQuerySet(models.QuerySet["NameSkeleton"]):
    """Skeletons that people hold, each exclusively but for those that were shared before exclusiveness was enforced."""

    def assign(self, user: User) -> None:
        """Give a person the skeletons of their names and no others. Raises ValidationError if somebody else has one."""
        held, wanted = set(self.of(user).values_list("skeleton", flat=True)), user.skeletons
        if held == wanted:
            return
        new = wanted - held
        self.check(user, new)
        try:
            with transaction.atomic():
                # Sorted, as two transactions that want the same two skeletons in different orders would deadlock.
                self.bulk_create([self.model(user=user, skeleton=skeleton) for skeleton in sorted(new)])
        except IntegrityError as error:  # somebody took one since it was looked up
            self.check(user, new)
            raise ValidationError({"username": [LOOKS_LIKE_ANOTHER]}) from error
        self.of(user).filter(skeleton__in=held - wanted).delete()
        self.make_exclusive(held - wanted)

    def of(self, user: User) -> "NameSkeletonQuerySet":
        """Keep the skeletons of one person."""
        return self.filter(user_id=user.pk)

    def check(self, user: User, wanted: set[str]) -> None:
        """Raise ValidationError if somebody else has one of these skeletons."""
        clashes = self.clashes(user, wanted)
        if clashes:
            raise ValidationError(clashes)

    def clashes(self, user: User, wanted: set[str]) -> dict[str, list[str]]:
        """Return an error by field for each name of `user`, who may be unsaved, with a skeleton that somebody else
        has."""
        others = self.filter(skeleton__in=wanted).exclude(user_id=user.pk)
        found = list(others.values_list("skeleton", "user__username"))
        if user.username.lower() in (username.lower() for _, username in found):
            return {"username": [TAKEN]}
        taken = {skeleton for skeleton, _ in found}
        names = [name for name in ("username", "display_name") if skeletons(getattr(user, name)) & taken]
        return {name: [LOOKS_LIKE_ANOTHER] for name in names}

    def make_exclusive(self, released: set[str]) -> None:
        """Mark those of these skeletons as exclusive that have one holder left."""
        shared = self.filter(skeleton__in=released).values("skeleton")
        single = shared.annotate(holders=models.Count("pk")).filter(holders=1)
        self.filter(skeleton__in=list(single.values_list("skeleton", flat=True))).update(exclusive=True)


class NameSkeleton(models.Model):
    """A way in which a person's name may be read (`accounts.names.skeletons`). Nobody takes one that somebody has.
    People who looked alike before that rule share it: all but the first have `exclusive` false."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="name_skeletons")
    skeleton = models.CharField(max_length=SKELETON_LENGTH)
    exclusive = models.BooleanField(default=True, editable=False)

    objects = NameSkeletonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["skeleton", "user"], name="name_skeleton_once"),
            models.UniqueConstraint(
                fields=["skeleton"], name="name_skeleton_exclusive", condition=models.Q(exclusive=True)
            ),
        ]
        indexes = [
            # Few rows; pages find by them the people who look alike.
            models.Index(
                fields=["skeleton"], name="name_skeleton_shared", condition=models.Q(exclusive=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.skeleton} of {self.user}"


class UserSession(models.Model):
    """A browser in which somebody is logged in, by its session's key; kept to bound the number of sessions a person
    has."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    key = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"session of {self.user}"


class SiteSettings(models.Model):
    """Settings that an administrator changes in the browser: one row."""

    class SignUp(models.TextChoices):
        OPEN = "open", "Anyone may sign up"
        INVITE = "invite", "By invite link"
        CLOSED = "closed", "Nobody: an administrator adds people"

    class Inviters(models.TextChoices):
        ADMINISTRATORS = "administrators", "Administrators"
        MODERATORS = "moderators", "Administrators and moderators"
        MEMBERS = "members", "Everybody with an account"

    class EmojiAdders(models.TextChoices):
        ADMINISTRATORS = "administrators", "Administrators"
        MODERATORS = "moderators", "Administrators and moderators"
        MEMBERS = "members", "Everybody with an account"

    name = models.CharField("site name", max_length=60, default="Chatsite")
    sign_up = models.CharField(max_length=8, choices=SignUp, default=SignUp.INVITE)
    inviters = models.CharField(
        "who may bring in new people",
        max_length=14,
        choices=Inviters,
        default=Inviters.MODERATORS,
        help_text="Where sign-up is by invite link: whose links let people sign up. A room's link lets in who has an"
        " account, whoever of the room's owner and moderators made it.",
    )
    keep_edits = models.BooleanField(
        "keep what messages said before they were edited",
        default=True,
        # Processes of the version before make the row, too.
        db_default=True,
        help_text="Whoever may read a message can then read its earlier texts, too. A deleted message keeps none.",
    )

    emoji_adders = models.CharField(
        "who may add emoji",
        max_length=14,
        choices=EmojiAdders,
        default=EmojiAdders.MODERATORS,
        db_default=EmojiAdders.MODERATORS,
        help_text="Pictures of the site's own, which people write as :name:. Administrators, and whoever added one,"
        " remove them.",
    )
    link_previews = models.BooleanField(
        "show previews of links",
        default=False,
        db_default=False,
        help_text="This server then fetches each page that somebody links to, also in private rooms: its owner learns when"
        " that was, and the server's address. Some links do something when they are opened.",
    )
    notification_level = models.CharField(
        "what people are told of in rooms",
        max_length=8,
        choices=NotificationLevel,
        default=NotificationLevel.MENTIONS,
        db_default=NotificationLevel.MENTIONS,
        help_text="Where they chose nothing themselves. In direct rooms they are told of every message.",
    )
    push_content = models.BooleanField(
        "show what was said in notifications of devices",
        default=True,
        db_default=True,
        help_text="Names and texts go to people's devices encrypted, so that the services of their makers can't read them;"
        " a locked screen may show them. Without it a device is told only what kind of thing happened.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "site settings"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def load(cls) -> "SiteSettings":
        """Return the row, created with its defaults if need be."""
        return cls.objects.get_or_create(pk=1)[0]

    @classmethod
    def keeps_edits(cls) -> bool:
        """Return whether earlier texts of messages are kept; they are where nobody has set anything."""
        return not cls.objects.filter(keep_edits=False).exists()

    def lets_add_emoji(self, user: User) -> bool:
        """Return whether the person may add emoji."""
        if user.is_superuser or self.emoji_adders == self.EmojiAdders.MEMBERS:
            return True
        return self.emoji_adders == self.EmojiAdders.MODERATORS and user.is_staff

    @classmethod
    def shows_link_previews(cls) -> bool:
        """Return whether links in messages get previews; they don't where nobody has set anything."""
        return cls.objects.filter(link_previews=True).exists()

    @classmethod
    def shows_push_content(cls) -> bool:
        """Return whether pushes may say what was said; they may where nobody has set anything."""
        return not cls.objects.filter(push_content=False).exists()


def new_code() -> str:
    """Return 128 random bits: a link that can't be guessed."""
    return secrets.token_urlsafe(16)


class InviteQuerySet(models.QuerySet["Invite"]):
    """Invite links, by whether they still work."""

    def usable(self) -> "InviteQuerySet":
        """Keep the links that let somebody in now: not revoked, expired or used up, and of a maker who may invite."""
        return self.standing().left()

    def standing(self) -> "InviteQuerySet":
        """Keep the links that are neither revoked nor expired, of a maker who may invite; they may be used up.
        Whether a room's link still leads into the room is decided by `signup_hooks.leads`."""
        return self.lasting().filter(
            models.Q(for_site=False) | models.Q(created_by__in=User.objects.inviting()),
            created_by__is_active=True,
            created_by__is_banned=False,
        )

    def lasting(self) -> "InviteQuerySet":
        """Keep the links that are neither revoked nor expired, whoever made them."""
        now = timezone.now()
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now), revoked=False)

    def left(self) -> "InviteQuerySet":
        """Keep the links that are not revoked, expired or used up, by the row alone. An UPDATE of these checks a row
        again after waiting for its lock; PostgreSQL doesn't check a join again."""
        return self.filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now()),
            models.Q(max_uses=None) | models.Q(uses__lt=models.F("max_uses")),
            revoked=False,
        )


class Invite(models.Model):
    """An invite link, which lets people in until it expires, is used up or is revoked."""

    code = models.CharField(max_length=32, unique=True, default=new_code, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invites")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0, editable=False)
    revoked = models.BooleanField(default=False)
    # Made on the page of the site's own links: it leads into the site and no room.
    for_site = models.BooleanField(default=False, editable=False)

    objects = InviteQuerySet.as_manager()

    class Meta:
        # Counted whenever somebody makes a link, among all that they ever made.
        indexes = [
            models.Index(
                fields=["created_by", "expires_at"],
                name="invite_lasting",
                condition=models.Q(revoked=False),
            )
        ]

    def __str__(self) -> str:
        return f"invite of {self.created_by}"


class InviteUse(models.Model):
    """One person's use of a link. Opening the same link again counts once."""

    invite = models.ForeignKey(Invite, on_delete=models.CASCADE, related_name="used")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invite", "user"], name="invite_use_once")]

    def __str__(self) -> str:
        return f"{self.user} by {self.invite}"


class ApiToken(models.Model):
    """An API token. Only its SHA-256 is stored; `prefix` lets its owner tell one token from another."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def digest_of(token: str) -> str:
        """Return the SHA-256 of a token, in hex."""
        return hashlib.sha256(token.encode(errors="replace")).hexdigest()
