"""Uploads in an archive.

Format 2: tars of at most 1,000 files, `uploads/00001.tar` and so on, and beside each a list of what is in it,
`uploads/00001.jsonl`, in the order of the rows that name the files. Format 1: a member per file, and one list in the
manifest. Reading and writing take the memory of one piece, however many and large the files are.
"""

import hashlib
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import IO, Any

from django.core.management.base import CommandError

from chatsite.operations.backup.archive import Archive, Tar, part
from chatsite.operations.backup.rows import Tally
from chatsite.operations.backup.upload_rows import PIECE_BYTES, Entry, Wanted, is_named, opened
from files.storage.store import StoreError

# Of one tar; a larger file is the last of its tar.
PART_FILES, PART_BYTES = 1000, 256 * 1024 * 1024
# What ends a tar.
TAR_END = bytes(2 * tarfile.BLOCKSIZE)
LEFT_OUT = {
    "included": False, "parts": 0, "files": 0, "bytes": 0, "missing": 0, "damaged": 0, "lost": 0,
    "sha256": Tally().sha256,
}  # fmt: skip
# Files that are named where they aren't whole; the others are counted.
MAX_NAMED = 10


class Losses:
    """Files that a backup doesn't have as their rows say: those that are `lost`, which rows name and nothing has, and
    those that are damaged. `names` are the first of them."""

    def __init__(self, is_named: Callable[[Wanted], bool] = is_named) -> None:
        self._is_named = is_named
        self.lost = self.count = 0
        self.names: list[str] = []

    def note(self, one: Wanted, entry: Entry) -> None:
        is_lost = entry.missing and self._is_named(one)
        self.lost += is_lost
        if is_lost or entry.damaged:
            self.count += 1
            self.names += [entry.name] if len(self.names) < MAX_NAMED else []


def add(archive: zipfile.ZipFile, wanted: Iterator[Wanted], losses: Losses) -> dict[str, Any]:
    """Add the files that rows name, and note what isn't whole; return the manifest's summary of them."""
    summary: dict[str, Any] = LEFT_OUT | {"included": True}
    tally = Tally()
    while (first := next(wanted, None)) is not None:
        summary["parts"] += 1
        entries = add_tar(archive, summary["parts"], chain([first], wanted), losses)
        archive.writestr(part(summary["parts"], "jsonl"), b"".join(tally.of(entry.line for entry in entries)))
        for entry in entries:
            summary["files"] += not entry.missing
            summary["bytes"] += entry.size
            summary["missing"] += entry.missing
            summary["damaged"] += entry.damaged
    return summary | {"lost": losses.lost, "sha256": tally.sha256}


def add_tar(archive: zipfile.ZipFile, number: int, wanted: Iterator[Wanted], losses: Losses) -> list[Entry]:
    """Take files from `wanted` until a tar is full. It isn't compressed, as most uploads are."""
    entries: list[Entry] = []
    room = PART_BYTES
    with archive.open(zipfile.ZipInfo(part(number, "tar")), "w", force_zip64=True) as sink:
        for one in islice(wanted, PART_FILES):
            entries.append(add_file(sink, one))
            losses.note(one, entries[-1])
            room -= entries[-1].size
            if room <= 0:
                break
        sink.write(TAR_END)
    return entries


def add_file(sink: IO[bytes], wanted: Wanted) -> Entry:
    try:
        with opened(wanted) as (size, pieces):
            sink.write(header(wanted.name, size))
            whole = Exactly(size, pieces)
            found = copied(whole, sink)
    except FileNotFoundError:
        return Entry(wanted.name, 0, "", missing=True)
    sink.write(bytes(-size % tarfile.BLOCKSIZE))
    return Entry(wanted.name, *found, damaged=whole.ended_early or not wanted.is_as(*found))


def header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.PAX_FORMAT)


class Exactly:
    """Pieces of a file, cut or filled up to the size that the tar has for it: it may change while it is read, and a disk
    or a store may break off."""

    def __init__(self, size: int, pieces: Iterable[bytes]) -> None:
        self._left, self._pieces = size, pieces
        self.ended_early = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                yield piece[: self._left]
                self._left -= len(piece)
                if self._left <= 0:
                    return
        except (OSError, StoreError):
            # One file that can't be read mustn't keep the others from being backed up.
            pass
        self.ended_early = self._left > 0
        while self._left > 0:
            yield bytes(min(self._left, PIECE_BYTES))
            self._left -= PIECE_BYTES


def copied(pieces: Iterable[bytes], sink: IO[bytes] | None) -> tuple[int, str]:
    """Copy `pieces` into `sink`, if any; return their bytes and SHA-256."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        if sink:
            sink.write(piece)
    return size, digest.hexdigest()


def listed(archive: Archive) -> Iterator[Entry]:
    """Yield what an archive's lists say. Raises CommandError where it isn't what they said."""
    if archive.format == 1:
        for name, said in archive.uploads.items():
            if said["bytes"] < 0:
                raise ValueError("a file of its manifest is not what it should be")
            yield Entry(name, said["bytes"], said["sha256"])
        return
    tally = Tally()
    for number in range(1, archive.uploads["parts"] + 1):
        yield from map(Entry.of, tally.of(archive.list_of(number)))
    if tally.sha256 != archive.uploads["sha256"]:
        raise CommandError("The list of uploads is not as it was when the backup was made.")


def contents(archive: Archive) -> Iterator[tuple[Entry, IO[bytes]]]:
    """Yield each file of an archive, open to be read until the next one. Raises CommandError where they are more than its
    manifest says: by that the disk was asked for room."""
    count, size = totals(archive)
    for entry, source in every(archive):
        count, size = count - 1, size - entry.size
        if count < 0 or size < 0:
            raise CommandError("The archive has more files than it says, or larger ones.")
        yield entry, source


def every(archive: Archive) -> Iterator[tuple[Entry, IO[bytes]]]:
    if archive.format == 1:
        for entry in listed(archive):
            with archive.upload(entry.name) as source:
                yield entry, source
        return
    for number in range(1, archive.uploads["parts"] + 1):
        with archive.tar(number) as tar:
            for entry in map(Entry.of, archive.list_of(number)):
                if not entry.missing:
                    yield entry, member_of(tar, entry)


def member_of(tar: Tar, entry: Entry) -> IO[bytes]:
    """Open the next member of a tar. Raises CommandError if it isn't the list's."""
    source = tar.member(entry.name, entry.size)
    if source is None:
        raise CommandError(f"The file uploads/{entry.name} is not where the archive's list has it.")
    return source


def checked(entry: Entry, source: IO[bytes], sink: IO[bytes] | None = None) -> None:
    """Read a file of an archive, and copy it into `sink`. Raises CommandError if it isn't what the list says."""
    # One byte beyond its size shows that it is longer, however much follows.
    found = copied(at_most(entry.size + 1, source), sink)
    if found != (entry.size, entry.sha256):
        raise CommandError(f"The file uploads/{entry.name} is not as it was when the backup was made.")


def at_most(size: int, source: IO[bytes]) -> Iterator[bytes]:
    while size and (piece := source.read(min(size, PIECE_BYTES))):
        yield piece
        size -= len(piece)


def check(archive: Archive) -> None:
    """Read all files of an archive and compare them with its lists; nothing is written to the disk."""
    for entry, source in contents(archive):
        checked(entry, source)


def totals(archive: Archive) -> tuple[int, int]:
    """Return the number of an archive's files, and their bytes."""
    if archive.format == 1:
        return len(archive.uploads), sum(said["bytes"] for said in archive.uploads.values())
    return archive.uploads["files"], archive.uploads["bytes"]
