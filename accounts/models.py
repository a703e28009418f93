import hashlib
import secrets
from collections.abc import Collection, Iterable
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
from chatsite.realtime.delivery import revocation

TAKEN = "That username is taken."
LOOKS_LIKE_ANOTHER = "This name looks like somebody else's."


class UserQuerySet(models.QuerySet["User"]):
    def present(self) -> "UserQuerySet":
        """Those who may use the site."""
        return self.filter(is_active=True, is_banned=False)

    def inviting(self) -> "UserQuerySet":
        """Those who may bring in people without an account: their invite links let strangers sign up."""
        inviters = SiteSettings.load().inviters
        if inviters == SiteSettings.Inviters.MEMBERS:
            return self.present()
        if inviters == SiteSettings.Inviters.ADMINISTRATORS:
            return self.present().filter(is_superuser=True)
        return self.present().filter(models.Q(is_staff=True) | models.Q(is_superuser=True))

    def by_username(self, username: str) -> "User":
        """In any case of its letters. Raises User.DoesNotExist, also for what can't be a username."""
        # Without the check "\u212a" (the kelvin sign) would find "k": its lower case is that.
        if not USERNAME.fullmatch(username):
            raise self.model.DoesNotExist
        return self.alias(lower=Lower("username")).get(lower=username.lower())

    def by_usernames(self, usernames: Iterable[str]) -> dict[str, "User"]:
        """Those of them that there are, by their names in small letters; in one query."""
        lower = {username.lower() for username in usernames if USERNAME.fullmatch(username)}
        found = self.alias(lower=Lower("username")).filter(lower__in=lower) if lower else self.none()
        return {user.username.lower(): user for user in found}


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get_queryset().by_username(username or "")

    def create_user(
        self, username: str, email: str | None = None, password: str | None = None, **extra: Any
    ) -> "User":
        validate_username(username)
        user = self.model(username=username, email=self.normalize_email(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **extra: Any
    ) -> "User":
        return self.create_user(username, email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin):
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
    # Part of every session's hash: one more, and each session and socket of this person is over.
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
            # Every page asks who wears a mark.
            models.Index(fields=["id"], name="user_moderators", condition=models.Q(is_staff=True)),
        ]

    def __str__(self) -> str:
        return self.username

    def clean(self) -> None:
        super().clean()
        self.display_name = tidy(self.display_name)

    @property
    def name(self) -> str:
        return self.display_name or self.username

    @property
    def full_name(self) -> str:
        """Both names, "Ada Lovelace (@ada)", where a line alone says who somebody is."""
        return f"{self.name} (@{self.username})" if self.display_name else self.username

    @property
    def is_present(self) -> bool:
        return self.is_active and not self.is_banned

    def check_password(self, raw_password: str | None) -> bool:
        """Whether it is this one. A hash of an older kind is made anew, unless the password was changed meanwhile."""

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
        """Raise ValidationError where a name looks like that of somebody else."""
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
        """End what a former password let in: every token whose id isn't among these, and after the commit every live
        connection that came neither by one of them nor by the session of this key. Sessions prove the password's hash, and
        end with it."""
        kept = list(self.tokens.filter(pk__in=tokens).values_list("pk", flat=True)) if tokens else []
        self.tokens.exclude(pk__in=kept).delete()
        transaction.on_commit(
            partial(revocation.end_other_sessions, self.pk, "password_changed", kept=session_key, tokens=kept)
        )

    @property
    def skeletons(self) -> set[str]:
        """How both names may be read."""
        return skeletons(self.username) | skeletons(self.display_name)


class NameSkeletonQuerySet(models.QuerySet["NameSkeleton"]):
    def assign(self, user: User) -> None:
        """Give a person the skeletons of their names, and no others. Raise ValidationError where one is somebody else's."""
        held, wanted = set(self.of(user).values_list("skeleton", flat=True)), user.skeletons
        if held == wanted:
            return
        new = wanted - held
        self.check(user, new)
        try:
            with transaction.atomic():
                # In one order, or two who want the same two could wait for one another.
                self.bulk_create([self.model(user=user, skeleton=skeleton) for skeleton in sorted(new)])
        except IntegrityError as error:  # somebody took one since it was looked up
            self.check(user, new)
            raise ValidationError({"username": [LOOKS_LIKE_ANOTHER]}) from error
        self.of(user).filter(skeleton__in=held - wanted).delete()
        self.make_exclusive(held - wanted)

    def of(self, user: User) -> "NameSkeletonQuerySet":
        return self.filter(user_id=user.pk)

    def check(self, user: User, wanted: set[str]) -> None:
        clashes = self.clashes(user, wanted)
        if clashes:
            raise ValidationError(clashes)

    def clashes(self, user: User, wanted: set[str]) -> dict[str, list[str]]:
        """A sentence for each name of `user`, who may be new, that has one of these skeletons while somebody else does."""
        others = self.filter(skeleton__in=wanted).exclude(user_id=user.pk)
        found = list(others.values_list("skeleton", "user__username"))
        if user.username.lower() in (username.lower() for _, username in found):
            return {"username": [TAKEN]}
        taken = {skeleton for skeleton, _ in found}
        names = [name for name in ("username", "display_name") if skeletons(getattr(user, name)) & taken]
        return {name: [LOOKS_LIKE_ANOTHER] for name in names}

    def make_exclusive(self, released: set[str]) -> None:
        """Give each of these skeletons to the last of those who shared it, exclusively."""
        shared = self.filter(skeleton__in=released).values("skeleton")
        single = shared.annotate(holders=models.Count("pk")).filter(holders=1)
        self.filter(skeleton__in=list(single.values_list("skeleton", flat=True))).update(exclusive=True)


class NameSkeleton(models.Model):
    """How a name of somebody may be read (`accounts.names.skeletons`). Nobody takes one that somebody has; people who looked
    alike before that was so share it, all but the first with `exclusive` false."""

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
            # Few rows, by which those who look alike are found.
            models.Index(
                fields=["skeleton"], name="name_skeleton_shared", condition=models.Q(exclusive=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.skeleton} of {self.user}"


class UserSession(models.Model):
    """A browser somebody is logged in with, by its session's key; so that there is an end to them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    key = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"session of {self.user}"


class SiteSettings(models.Model):
    """The one row of what an administrator may change without touching the machine."""

    class SignUp(models.TextChoices):
        OPEN = "open", "Anyone may sign up"
        INVITE = "invite", "By invite link"
        CLOSED = "closed", "Nobody: an administrator adds people"

    class Inviters(models.TextChoices):
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

    class Meta:
        verbose_name = verbose_name_plural = "site settings"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def load(cls) -> "SiteSettings":
        return cls.objects.get_or_create(pk=1)[0]


def new_code() -> str:
    """128 bits: a link that can't be guessed."""
    return secrets.token_urlsafe(16)


class InviteQuerySet(models.QuerySet["Invite"]):
    def usable(self) -> "InviteQuerySet":
        """Not revoked, run out or used up, and made by somebody who still may."""
        return self.standing().left()

    def standing(self) -> "InviteQuerySet":
        """Neither revoked nor run out, and made by somebody who still may; it may be used up. Whether a room's link still
        leads there is the room's to say (`arrivals.leads`)."""
        return self.lasting().filter(
            models.Q(for_site=False) | models.Q(created_by__in=User.objects.inviting()),
            created_by__is_active=True,
            created_by__is_banned=False,
        )

    def lasting(self) -> "InviteQuerySet":
        """Neither revoked nor run out, whoever made it."""
        now = timezone.now()
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now), revoked=False)

    def left(self) -> "InviteQuerySet":
        """Not revoked, run out or used up: what the row itself says. An UPDATE of these asks it again of a row it had to
        wait for; PostgreSQL doesn't ask again what a join says."""
        return self.filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now()),
            models.Q(max_uses=None) | models.Q(uses__lt=models.F("max_uses")),
            revoked=False,
        )


class Invite(models.Model):
    code = models.CharField(max_length=32, unique=True, default=new_code, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invites")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0, editable=False)
    revoked = models.BooleanField(default=False)
    # Made on the page where the site's own links are: it leads nowhere but in.
    for_site = models.BooleanField(default=False, editable=False)

    objects = InviteQuerySet.as_manager()

    class Meta:
        # Counted for each link that somebody makes, among all that they ever made.
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
    """Who came by which link. Opening the same link again costs no further use."""

    invite = models.ForeignKey(Invite, on_delete=models.CASCADE, related_name="used")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invite", "user"], name="invite_use_once")]

    def __str__(self) -> str:
        return f"{self.user} by {self.invite}"


class ApiToken(models.Model):
    """A key for programs. Only its SHA-256 is kept; `prefix` lets its owner announce one from another."""

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
        return hashlib.sha256(token.encode(errors="replace")).hexdigest()
