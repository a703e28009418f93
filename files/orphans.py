"""Files of which a half is missing: bytes of which no row knows, and rows whose bytes are gone."""

import time
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from django.db.models import Exists, OuterRef

from chatsite.database.chunks import chunked
from files import store_claim
from files.models import Blob, File
from files.storage import local, store
from files.storage.keys import KEY

# Seconds: younger bytes may be of an upload that has no row yet.
MIN_AGE_SECONDS = 3600
# Keys that are asked for at once.
CHUNK_KEYS = 500


class Bytes(NamedTuple):
    """Something in the folder of uploads or in the store: `which` is a small picture's name, or ""."""

    key: str
    which: str
    size: int
    changed_at: float
    remote: bool


def bytes_without_rows(now: float | None = None) -> Iterator[Bytes]:
    """Yield what lies in the folder of uploads, or in the store, for more than an hour, and of which no row knows. Raises
    StoreError."""
    oldest = (time.time() if now is None else now) - MIN_AGE_SECONDS
    stored = chain(in_folder(), in_store() if store.in_use() else ())
    old = (found for found in stored if found.changed_at < oldest)
    for chunk in chunked(old, CHUNK_KEYS):
        keys = {found.key for found in chunk}
        rows = Blob.objects.filter(key__in=keys).values_list("key", "remote", "previews")
        known = {key: (remote, {"", *previews}) for key, remote, previews in rows}
        yield from (found for found in chunk if is_orphan(found, *known.get(found.key, (False, set()))))


def is_orphan(found: Bytes, remote: bool, names: set[str]) -> bool:
    """Return whether nobody needs what was found, where a row has these names. A copy in the folder is left from a move; in
    the store it may be one that is being moved."""
    return found.which not in names or (remote and not found.remote)


def in_folder() -> Iterator[Bytes]:
    for key, which, path in local.walk():
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        yield Bytes(key, which, status.st_size, status.st_mtime, remote=False)


def in_store() -> Iterator[Bytes]:
    for found in store.walk():
        key, _, which = found.name.rpartition("/")[2].partition(".")
        if KEY.fullmatch(key) and found.name == store.name_of(key, which):
            yield Bytes(key, which, found.size, found.changed_at, remote=True)


def rows_without_bytes() -> Iterator[Blob]:
    """Yield blobs that a file has, and whose bytes or small pictures are not in the folder."""
    wanted = File.objects.kept().filter(blob=OuterRef("pk"))
    blobs = Blob.objects.filter(Exists(wanted), remote=False).only("key", "previews").order_by("pk")
    for blob in blobs.iterator(chunk_size=CHUNK_KEYS):
        if not is_whole(blob):
            yield blob


def is_whole(blob: Blob) -> bool:
    return all(local.path(blob.key, which).exists() for which in ("", *blob.previews))


def delete(found: Bytes) -> None:
    """Delete bytes of which no row knows. Raises StoreError."""
    if found.remote:
        store_claim.check()
        store.delete([store.name_of(found.key, found.which)])
    else:
        local.path(found.key, found.which).unlink(missing_ok=True)
