"""What is asked before an upload's body is read: its length, the person's and the site's limits, and room on the disk.

Bytes of uploads under way count as if they were stored already, in this process.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db.models import Sum

from accounts import quotas
from accounts.models import User
from accounts.quotas import Quota
from chatsite.contract.errors import Invalid, QuotaExceeded, RateLimited, TooLarge
from chatsite.database import sql
from files.models import Blob
from files.storage import local

# Bytes in a MB of the settings.
MB = 1_000_000
# Bytes of a form beside its files: a poster, fields, and the heads of its parts.
MAX_FORM_BYTES = 128 * 1024
# Bytes of a film's poster. With one of more than MAX_FORM_BYTES, a film of the most bytes is too large.
MAX_POSTER_BYTES = MB
FILES = Quota("files", "FILES_PER_HOUR", "FILES_PER_USER_MB", "Your files take {most} MB, which is the most.")
# Of a person; the ORM takes 1 ms to write it.
SUM_OF_KEPT = "SELECT SUM(size) FROM files_file WHERE owner_id = %s AND released_at IS NULL"
DISK_IS_FULL = "The site's disk is full."
SITE_IS_FULL = "The site's files take all the room that they may have."
# Seconds for which the sum of all blobs is believed: only sites with FILES_TOTAL_MB look at it, and it reads them all.
TOTAL_SECONDS = 60.0


def max_bytes() -> int:
    """Return the most bytes of one file; 0 is no limit."""
    return settings.FILE_MAX_MB * MB


def too_large() -> TooLarge:
    return TooLarge(f"A file has at most {settings.FILE_MAX_MB} MB.")


def length_of(environ: Mapping[str, Any]) -> int:
    """Return the body's length by the request's head. Raises Invalid without one."""
    length = str(environ.get("CONTENT_LENGTH") or "")
    if not (length.isascii() and length.isdigit()) or len(length) > 18:
        raise Invalid("Say the body's length in the header Content-Length; a chunked one doesn't.")
    return int(length)


class Underway:
    """Uploads of this process that are being received."""

    def __init__(self) -> None:
        self.bytes = 0
        self.bytes_of: Counter[int] = Counter()
        self.uploads_of: Counter[int] = Counter()

    @contextmanager
    def counted(self, user_id: int, length: int) -> Iterator[None]:
        self._add(user_id, length, 1)
        try:
            yield
        finally:
            self._add(user_id, -length, -1)
            if not self.uploads_of[user_id]:
                del self.bytes_of[user_id], self.uploads_of[user_id]

    def _add(self, user_id: int, length: int, uploads: int) -> None:
        self.bytes += length
        self.bytes_of[user_id] += length
        self.uploads_of[user_id] += uploads


underway = Underway()


@contextmanager
def admitted(user: User, length: int, files: int = 1) -> Iterator[None]:
    """Let a body of `length` bytes with so many files in, for the block. Raises TooLarge, RateLimited and QuotaExceeded."""
    if max_bytes() and length > max_bytes() * files + MAX_FORM_BYTES:
        raise too_large()
    most = settings.UPLOADS_PER_USER
    if most and underway.uploads_of[user.pk] >= most:
        raise RateLimited(f"You are sending {most} files already. Wait for one of them.", retry_after=1)
    with underway.counted(user.pk, length):
        # It is among the uploads under way: others that come while the database is asked see it.
        check_room(user, 0)
        yield


def count(user: User, times: int = 1) -> None:
    """Count a file, or several, towards the person's hour. Raises RateLimited."""
    quotas.spend(user, FILES, times)


def check_room(user: User, length: int) -> None:
    """Raise QuotaExceeded if `length` bytes are too many for the person, the site or the disk."""
    check_total(user, underway.bytes_of[user.pk] + length)
    check_disk(length)


def check_disk(length: int) -> None:
    """Raise QuotaExceeded if `length` bytes are too many for the site or the disk."""
    check_site(underway.bytes + length)
    if free_bytes() - underway.bytes - length < settings.FILES_FREE_MB * MB:
        raise QuotaExceeded(DISK_IS_FULL)


def check_total(user: User, more: int) -> None:
    """Raise QuotaExceeded if `more` bytes beside the person's files exceed their total. For the last word call it after
    `quotas.lock_owner`."""
    most = settings.FILES_PER_USER_MB
    if most and not user.is_superuser and bytes_of(user) + more > most * MB:
        raise QuotaExceeded(FILES.reached.format(most=most))


def bytes_of(user: User) -> int:
    """Sum up the sizes of a person's files, with those that are still loose."""
    ((total,),) = sql.run(SUM_OF_KEPT, user.pk)
    return int(total or 0)


class SiteTotal:
    """Bytes of all blobs, known to within TOTAL_SECONDS."""

    def __init__(self) -> None:
        self._bytes, self._until = 0, 0.0

    def bytes(self) -> int:
        if time.monotonic() > self._until:
            self._bytes = Blob.objects.aggregate(sum=Sum("size"))["sum"] or 0
            self._until = time.monotonic() + TOTAL_SECONDS
        return self._bytes

    def add(self, size: int) -> None:
        self._bytes += size


site_total = SiteTotal()


def check_site(more: int) -> None:
    most = settings.FILES_TOTAL_MB
    if most and site_total.bytes() + more > most * MB:
        raise QuotaExceeded(SITE_IS_FULL)


def free_bytes() -> int:
    """Return what of the disk is free for this program."""
    try:
        found = os.statvfs(local.folder())
    except FileNotFoundError:
        found = os.statvfs(local.made_folder())
    return found.f_bavail * found.f_frsize
