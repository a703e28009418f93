"""Files of which a half is missing: bytes of which no row knows, and rows whose bytes are gone."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from django.db.models import Exists, OuterRef

from chatsite.database.chunks import chunked
from files.models import Blob, File
from files.storage import local

# Seconds: younger bytes may be of an upload that has no row yet.
MIN_AGE_SECONDS = 3600
# Keys that are asked for at once.
CHUNK_KEYS = 500


class Bytes(NamedTuple):
    """Something in the folder of uploads: `which` is a small picture's name, or ""."""

    key: str
    which: str
    path: Path
    size: int
    changed_at: float


def bytes_without_rows(now: float | None = None) -> Iterator[Bytes]:
    """Yield what lies in the folder of uploads for more than an hour, and of which no row knows."""
    oldest = (time.time() if now is None else now) - MIN_AGE_SECONDS
    old = (found for found in stored() if found.changed_at < oldest)
    for chunk in chunked(old, CHUNK_KEYS):
        keys = {found.key for found in chunk}
        known = dict(Blob.objects.filter(key__in=keys, remote=False).values_list("key", "previews"))
        for found in chunk:
            if found.key not in known or (found.which and found.which not in known[found.key]):
                yield found


def stored() -> Iterator[Bytes]:
    for key, which, path in local.walk():
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        yield Bytes(key, which, path, status.st_size, status.st_mtime)


def rows_without_bytes() -> Iterator[Blob]:
    """Yield blobs that a file has, and whose bytes or small pictures are not in the folder."""
    wanted = File.objects.kept().filter(blob=OuterRef("pk"))
    blobs = Blob.objects.filter(Exists(wanted), remote=False).only("key", "previews").order_by("pk")
    for blob in blobs.iterator(chunk_size=CHUNK_KEYS):
        if not is_whole(blob):
            yield blob


def is_whole(blob: Blob) -> bool:
    return all(local.path(blob.key, which).exists() for which in ("", *blob.previews))


def delete(orphans: Iterable[Bytes]) -> None:
    """Delete bytes of which no row knows."""
    for found in orphans:
        found.path.unlink(missing_ok=True)
