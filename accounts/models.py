import secrets
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import arrivals
from accounts.names import validate_display_name, validate_username


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)

    def create_user(
        self, username: str, email: str | None = None, password: str | None = None, **extra: Any
    ) -> "User":
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
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(
                Lower("username"), name="user_username_unique", violation_error_message="That username is taken."
            )
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def name(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        key = "accounts.models.User.session"
        value = f"{self.password}{self.session_version}"
        return salted_hmac(key, value, secret=secret, algorithm="sha256").hexdigest()

    def save(self, *args: Any, **kwargs: Any) -> None:
        arriving = self._state.adding
        super().save(*args, **kwargs)
        if arriving:
            arrivals.welcome(self)


class SiteSettings(models.Model):
    """The one row of what an administrator may change without touching the machine."""

    class SignUp(models.TextChoices):
        OPEN = "open", "Anyone may sign up"
        INVITE = "invite", "By invite link"
        CLOSED = "closed", "Nobody: an administrator adds people"

    name = models.CharField("site name", max_length=60, default="Chatsite")
    sign_up = models.CharField(max_length=8, choices=SignUp, default=SignUp.INVITE)

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


class Invite(models.Model):
    code = models.CharField(max_length=32, unique=True, default=new_code, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invites")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0, editable=False)
    revoked = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"invite of {self.created_by}"


class ApiToken(models.Model):
    """A key for programs. Only its SHA-256 is kept; `prefix` lets its owner tell one from another."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
