"""Pictures of previews: cleaned as uploads are, only the small one kept, and read by who may read a message that has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from accounts.models import User
from chatsite.contract.errors import ChatError, NotFound
from chatsite.realtime.scheduling.background import in_thread
from files.models import Blob, File
from files.storage import local
from files.storage.keys import new_key
from files.uploading import doors, storing
from files.uploading.processing import MAX_PREVIEW_BYTES
from messaging.models import Message
from previews.models import MessagePreview

TYPE, NAME = "image/webp", "preview.webp"


@contextmanager
def kept(file: BinaryIO, payer: int) -> Iterator[Blob | None]:
    """Keep the small picture of what was fetched, and yield its Blob, which isn't in the database; None where it is no
    picture that a browser may be shown, or there is no room. If the block raises, its bytes are removed."""
    key = new_key()
    with storing.noted(key):
        yield blob_of(file, payer, key)


def blob_of(file: BinaryIO, payer: int, key: str) -> Blob | None:
    try:
        doors.check_disk(MAX_PREVIEW_BYTES)
        with storing.cleaned(file, storing.judged(file), payer) as found, storing.disk_errors():
            small = found.previews.get("small")
            if small is None or not found.inline:
                return None
            size, sha256 = in_thread(keep, small.file, key)
    except ChatError:
        # The disk may have become full behind the name.
        in_thread(local.delete, key)
        return None
    about = {"type": TYPE, "kind": "picture", "inline": True, "width": small.width, "height": small.height}
    return Blob(key=key, size=size, sha256=sha256, **about)


def keep(small: BinaryIO, key: str) -> tuple[int, str]:
    """Give a copy of the small picture its name, below a note that says so; return its bytes and their hash. In a thread."""
    local.note(key)
    sha256 = storing.keep_copy(small, key)
    return storing.size_of(small), sha256


def add(blob: Blob) -> File:
    """Add the rows of a picture whose bytes are kept."""
    blob.save(force_insert=True)
    doors.site_total.add(blob.size)
    return File.of(blob, purpose=File.Purpose.PREVIEW, name=NAME)


def check_sight(user: User, file: File) -> None:
    """Raise NotFound unless a message that stands, and that the person may read, shows the picture."""
    standing = Message.objects.standing().visible_to(user)
    shown = MessagePreview.objects.filter(preview__picture=file, removed_at=None, message__in=standing)
    if not shown.exists():
        raise NotFound("There is no such file.")
