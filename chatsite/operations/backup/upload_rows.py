"""Rows that name uploads: which files a backup has to hold, and whether an archive holds them."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

import orjson
from django.core.management.base import CommandError
from django.db import connection

from chatsite.database.chunks import chunked
from chatsite.operations.backup.rows import CHUNK_ROWS
from files import orphans
from files.models import Blob
from files.storage import local, store
from files.storage.store import StoreError

LABEL = "files.blob"
PIECE_BYTES = 1024 * 1024


class Wanted(NamedTuple):
    """A file that a row names: a blob's bytes, or with `which` a small picture, of which rows have no hash."""

    key: str
    which: str
    size: int
    sha256: str
    remote: bool

    @property
    def name(self) -> str:
        return local.path(self.key, self.which).relative_to(local.folder()).as_posix()

    def is_as(self, size: int, sha256: str) -> bool:
        return size == self.size and (not self.sha256 or sha256 == self.sha256)


@dataclass(frozen=True)
class Entry:
    """A line of an archive's list. `missing` wasn't there any more when the backup came to it, `damaged` wasn't what its
    row says."""

    name: str
    size: int
    sha256: str
    missing: bool = False
    damaged: bool = False

    @classmethod
    def of(cls, line: bytes) -> "Entry":
        entry = cls(**orjson.loads(line))
        if not all(type(getattr(entry, each.name)) is each.type for each in fields(cls)) or entry.size < 0:
            raise ValueError("a line of its list of uploads is not what it should be")
        return entry

    @property
    def line(self) -> bytes:
        return orjson.dumps(self, option=orjson.OPT_APPEND_NEWLINE)


def wanted(model: Any) -> Iterator[Wanted]:
    """Yield the files of all rows of the model of blobs, by id: its bytes, then its small pictures by name."""
    columns = ("key", "size", "sha256", "previews", "remote")
    rows = model._base_manager.order_by("pk").values_list(*columns)
    for key, size, sha256, previews, remote in rows.iterator(chunk_size=CHUNK_ROWS):
        yield Wanted(key, "", size, sha256, remote)
        for which, (_, _, preview_bytes) in sorted(previews.items()):
            yield Wanted(key, which, preview_bytes, "", remote)


class Spool:
    """Files of the rows of one moment, in a temporary file: reading the bytes takes longer than a snapshot should."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.bytes = 0

    def fill(self, models: Iterable[Any]) -> None:
        for model in models:
            if model._meta.label_lower == LABEL:
                for one in wanted(model):
                    self.bytes += one.size
                    self._file.write(orjson.dumps([*one], option=orjson.OPT_APPEND_NEWLINE))

    def __iter__(self) -> Iterator[Wanted]:
        self._file.seek(0)
        return (Wanted(*orjson.loads(line)) for line in self._file)


@contextmanager
def spool() -> Iterator[Spool]:
    with TemporaryFile() as file:
        yield Spool(file)


@contextmanager
def opened(one: Wanted) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Open a file to read, on the disk or in the store: its size, and its bytes in pieces. Raises FileNotFoundError and
    CommandError."""
    try:
        file = local.path(one.key, one.which).open("rb", buffering=0)
    except FileNotFoundError:
        # It may have been moved since the rows were read.
        if not (one.remote or store.in_use()):
            raise
    else:
        with file:
            yield os.fstat(file.fileno()).st_size, iter(lambda: file.read(PIECE_BYTES), b"")
        return
    with closing(from_store(one)) as answer:
        yield answer.length, answer.pieces()


def from_store(one: Wanted) -> store.Answer:
    try:
        return store.get(store.name_of(one.key, one.which), 0, one.size)
    except StoreError as error:
        raise CommandError(
            f"FILES_URL: the store doesn't give a file ({error.reason}). --without-files leaves all files out."
        ) from error


def is_named(one: Wanted) -> bool:
    """Return whether a row still names the file: it wasn't deleted."""
    if not connection.in_atomic_block:
        # Reading many files takes hours: the server may have ended what wasn't used for so long.
        connection.close()
    return Blob.objects.filter(key=one.key).exists()


def correct_places() -> None:
    """Say in the rows of blobs where their bytes are now, for an archive without files: since it was made they may have been
    moved to the store, or back. Raises CommandError."""
    moved = Blob.objects.filter(remote=True).order_by("pk").values_list("key", flat=True)
    for chunk in chunked(moved.iterator(chunk_size=CHUNK_ROWS), CHUNK_ROWS):
        Blob.objects.filter(key__in=filter(is_here, chunk)).update(remote=False)
    if not store.in_use() or not Blob.objects.filter(remote=False).exists():
        return
    try:
        for found in chunked(orphans.in_store(), CHUNK_ROWS):
            keys = {one.key for one in found if not one.which and not is_here(one.key)}
            Blob.objects.filter(key__in=keys).update(remote=True)
    except StoreError as error:
        raise CommandError(f"FILES_URL: the store doesn't say what it has ({error.reason}).") from error


def is_here(key: str) -> bool:
    return local.path(key).exists()


def check_space(folder: Path, needed: int, what: str) -> None:
    """Raise CommandError if the disk of `folder` has less than `needed` free bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise CommandError(
            f"{what} {needed / 1e9:.1f} GB where {folder} is, and {free / 1e9:.1f} GB are free."
        )


def compare(entries: Iterable[Entry]) -> None:
    """Compare an archive's lists with the rows that were loaded from it. Raises CommandError."""
    for entry, one in zip_longest(entries, wanted(Blob)):
        if entry is None or one is None or entry.name != one.name:
            named = one.name if one else entry.name
            raise CommandError(
                f"The archive's files are not those that its rows name, from uploads/{named} on."
            )
        if not (entry.missing or entry.damaged or one.is_as(entry.size, entry.sha256)):
            raise CommandError(f"The file uploads/{entry.name} is not the one that its row names.")
