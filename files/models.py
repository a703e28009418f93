"""Files that people upload: the bytes on the disk, and who has them where."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from chatsite.database.prepared import insert
from files.storage.keys import new_key

# Files of one message.
MAX_FILES = 10


class Blob(models.Model):
    """Bytes on the disk, with the small pictures made of them. They never change, and go with the last File."""

    key = models.CharField(max_length=36, unique=True, default=new_key, editable=False)
    size = models.PositiveBigIntegerField()
    # SHA-256 of the bytes as they are kept, in hex.
    sha256 = models.CharField(max_length=64)
    # Media type and kind by the content (`files.uploading.kinds`), and whether a browser may show it.
    type = models.CharField(max_length=100)
    kind = models.CharField(max_length=10)
    inline = models.BooleanField()
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    animated = models.BooleanField(default=False)
    # Seconds of sound or film.
    duration = models.FloatField(null=True)
    # Smaller pictures by name: `{"small": [width, height, bytes]}`; each is a WebP beside the bytes.
    previews = models.JSONField(default=dict)
    # A `data:` address of a picture of 16 pixels, or "".
    placeholder = models.CharField(max_length=220, blank=True)
    # HTML of the first lines of a text, or "".
    excerpt = models.TextField(blank=True)
    # True once the bytes are in the store of FILES_URL, and no longer on this machine's disk.
    remote = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Blob {self.pk}"


class FileQuerySet(models.QuerySet["File"]):
    """Files by state."""

    def loose(self) -> "FileQuerySet":
        """Keep uploads that no message carries yet."""
        return self.filter(purpose=File.Purpose.MESSAGE, attached_at=None, released_at=None)

    def kept(self) -> "FileQuerySet":
        """Keep those that aren't on their way out."""
        return self.filter(released_at=None)


class File(models.Model):
    """A file as its owner gave it: a Blob with a name, in a message or another place. A forwarded message has Files of its
    own of the same Blobs."""

    class Purpose(models.TextChoices):
        MESSAGE = "message", "Message"
        AVATAR = "avatar", "Avatar"
        EMOJI = "emoji", "Emoji"
        PREVIEW = "preview", "Preview of a link"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="files")
    # Null for what the site fetched by itself.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.MESSAGE)
    name = models.CharField(max_length=255)
    # The blob's: a person's sum would read a hundred thousand blobs, and so reads an index.
    size = models.PositiveBigIntegerField(default=0, db_default=0)
    # What a picture shows, in words.
    alt = models.CharField(max_length=1000, blank=True)
    client_id = models.UUIDField(default=uuid.uuid4)
    # Where it was uploaded for, and the message that carries it. Emptied, not deleted, where those go: by this row the sweep
    # finds the bytes.
    room = models.ForeignKey(
        "rooms.Room", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    message = models.ForeignKey(
        "messaging.Message", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    # The message that will carry it, for which it waits longer than others; emptied where that goes.
    scheduled = models.ForeignKey(
        "drafts.ScheduledMessage", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    # When a message took it; when it was given up, so that the sweep takes its bytes.
    attached_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)

    objects = FileQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "client_id"], name="file_client_id_once"),
        ]
        indexes = [
            # A room's files, newest first by their messages.
            models.Index(
                fields=["room", "message", "id"],
                name="file_of_room",
                condition=models.Q(message__isnull=False, released_at__isnull=True),
            ),
            models.Index(
                fields=["message"], name="file_of_message", condition=models.Q(message__isnull=False)
            ),
            models.Index(
                fields=["scheduled"], name="file_scheduled", condition=models.Q(scheduled__isnull=False)
            ),
            # For a person's quota.
            models.Index(
                fields=["owner", "size"], name="file_sizes", condition=models.Q(released_at__isnull=True)
            ),
            # For the sweep: few rows are any of these.
            models.Index(
                fields=["created_at"],
                name="file_loose",
                condition=models.Q(purpose="message", attached_at__isnull=True, released_at__isnull=True),
            ),
            models.Index(
                fields=["released_at"], name="file_released", condition=models.Q(released_at__isnull=False)
            ),
            models.Index(
                fields=["id"],
                name="file_left",
                condition=models.Q(attached_at__isnull=False, message__isnull=True, released_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        """Return the id alone: the administration's log must not contain names of files."""
        return f"File {self.pk}"

    @classmethod
    def of(cls, blob: Blob, **values: Any) -> "File":
        """Make the row of a Blob that is stored."""
        file = cls(blob=blob, size=blob.size, **values)
        insert(file)
        return file


class StoreClaim(models.Model):
    """The token of this site in the store of FILES_URL (`files.store_claim`); one row. A restored backup's isn't kept."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    token = models.CharField(max_length=36)

    def __str__(self) -> str:
        return f"StoreClaim {self.pk}"
