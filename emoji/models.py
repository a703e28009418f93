"""The site's own emoji."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from files.models import File

MAX_NAME_LENGTH = 32


class CustomEmoji(models.Model):
    """A picture that people write as `:name:`, in messages and as a reaction."""

    # Lower-case, as `emoji.services.checked_name` returns it; the picture's file is one of purpose "emoji".
    name = models.CharField(max_length=MAX_NAME_LENGTH, unique=True)
    file = models.OneToOneField(File, on_delete=models.PROTECT, related_name="+", verbose_name="picture")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("added", default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name, verbose_name_plural = "emoji", "emoji"

    def __str__(self) -> str:
        return f":{self.name}:"


class RetiredEmoji(models.Model):
    """The name of an emoji that was removed. Texts and reactions have it still, so no other picture ever gets it."""

    name = models.CharField(max_length=MAX_NAME_LENGTH, unique=True)
    # Of the picture that had the name, and may have it again.
    sha256 = models.CharField(max_length=64)
    removed_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f":{self.name}:"
