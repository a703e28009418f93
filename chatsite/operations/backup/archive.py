"""The archive of a backup: a zip of `manifest.json`, `tables/LABEL.jsonl` for each table, and the folder `uploads`
(`chatsite.operations.backup.uploads`)."""

import json
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, cast

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from chatsite.operations.backup.rows import Tally

FORMAT_VERSION = 2
# These bound memory, whoever made the archive. Of a manifest: a room, a migration and, in format 1, a file take some hundred
# bytes each. Of a zip's directory, in which a member takes a hundred, and some 600 of memory: 300,000 files of format 1.
# Of a line, which is a row: the longest message, which passes on another as long, takes less than a tenth of it.
MAX_MANIFEST_BYTES = 64 * 1024 * 1024
MAX_DIRECTORY_BYTES = 32 * 1024 * 1024
MAX_LINE_BYTES = 8 * 1024 * 1024
# What archives are written with; others may make 100 MB of a few KB at once.
COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# Of an extended header of a tar, which tells the size of a file of 8 GB and more.
MAX_EXTENDED_BYTES = 64 * 1024
# Shape of the manifest: types by name; `[shape]` is a list of that shape, `ANY_KEY` an object with any keys.
ANY_KEY = "*"
SHAPE: dict[str, Any] = {
    "format": int,
    "made_at": str,
    "migrations": [[str]],
    "tables": {ANY_KEY: {"columns": [str], "rows": int, "sha256": str}},
    "rooms": {ANY_KEY: {"epoch": str, "head": int}},
    "uploads": {
        "included": bool,
        "parts": int,
        "files": int,
        "bytes": int,
        "missing": int,
        "damaged": int,
        "lost": int,
        "sha256": str,
    },
}
SHAPE_OF_FORMAT_1 = SHAPE | {"uploads": {ANY_KEY: {"bytes": int, "sha256": str}}}
# Twice as fast as zlib's default of 6, for a file that is a tenth larger.
COMPRESSION_LEVEL = 3
# Of a tar at once.
READ_BYTES = 256 * 1024
# Errors of reading a damaged archive; LookupError is of a missing member.
DAMAGE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    tarfile.TarError,
    LookupError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    # JSON nested too deeply; an encrypted member; an unknown compression.
    RuntimeError,
    ValidationError,
)


@contextmanager
def new(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a new archive with mode 600, which replaces `path` once it is complete and synced to the disk."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL) as archive:
                yield archive
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def check_shape(value: Any, shape: Any, name: str = "the manifest") -> None:
    """Check that `value` has `shape`; further keys are allowed. Raises ValueError."""
    expected = shape if isinstance(shape, type) else type(shape)
    if type(value) is not expected:
        raise ValueError(f"{name} is not what it should be")
    if isinstance(value, list):
        for one in value:
            check_shape(one, shape[0], name)
    elif isinstance(value, dict):
        parts = dict.fromkeys(value, shape[ANY_KEY]) if ANY_KEY in shape else shape
        for key, part in parts.items():
            check_shape(value.get(key), part, f"{key[:60]!r} of its manifest")


def add_table(archive: zipfile.ZipFile, label: str, lines: Iterable[bytes]) -> Tally:
    tally = Tally()
    with archive.open(member(label), "w", force_zip64=True) as file:
        for line in tally.of(lines):
            file.write(line)
    return tally


def add_manifest(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    archive.writestr("manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False))


def member(label: str) -> str:
    return f"tables/{label}.jsonl"


def part(number: int, extension: str) -> str:
    """Return the name of a tar of uploads (`tar`), or of the list of what is in it (`jsonl`)."""
    return f"uploads/{number:05}.{extension}"


@contextmanager
def opened(path: Path) -> Iterator["Archive"]:
    """Open an archive to read. Damage that is found within the block raises CommandError with one sentence."""
    try:
        with path.open("rb") as file:
            check_directory(file)
            with zipfile.ZipFile(file) as archive:
                yield Archive(archive)
    except DAMAGE_ERRORS as error:
        raise CommandError(f"{path} is not a whole backup: {first_line(error)}") from error


def check_directory(file: IO[bytes]) -> None:
    """Raise ValueError for a zip with a longer directory than is read into memory, by the record that `zipfile` goes by."""
    record = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    if record and record[zipfile._ECD_SIZE] > MAX_DIRECTORY_BYTES:  # type: ignore[attr-defined]
        raise ValueError("it has too many members")


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its type; at most 200 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


class Archive:
    """An archive that is read: its manifest, checked, and access to tables and uploads."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive
        if not COMPRESSIONS.issuperset(info.compress_type for info in archive.infolist()):
            raise ValueError("it is compressed in another way")
        if archive.getinfo("manifest.json").file_size > MAX_MANIFEST_BYTES:
            raise ValueError("its manifest is too long")
        self.manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
        self.format = self.manifest.get("format")
        if isinstance(self.format, int) and self.format > FORMAT_VERSION:
            raise CommandError(
                "The archive is of a newer version of the program: upgrade the program first (git pull)."
            )
        if self.format == FORMAT_VERSION and isinstance(self.manifest.get("uploads"), dict):
            # The first archives of this format don't count them.
            self.manifest["uploads"].setdefault("lost", 0)
        check_shape(self.manifest, SHAPE_OF_FORMAT_1 if self.format == 1 else SHAPE)
        self.tables: dict[str, dict[str, Any]] = self.manifest["tables"]
        self.rooms: dict[str, dict[str, Any]] = self.manifest["rooms"]
        self.uploads: dict[str, Any] = self.manifest["uploads"]
        self.migrations = sorted((app, name) for app, name in self.manifest["migrations"])

    @property
    def table_bytes(self) -> int:
        """Bytes of all rows: no more of them is read."""
        return sum(self._zip.getinfo(member(label)).file_size for label in self.tables)

    @property
    def has_uploads(self) -> bool:
        return bool(self.uploads if self.format == 1 else self.uploads["included"])

    def lines(self, label: str) -> Iterator[bytes]:
        yield from self._lines(member(label))

    def list_of(self, number: int) -> Iterator[bytes]:
        """Yield the lines of what is in a tar of uploads."""
        yield from self._lines(part(number, "jsonl"))

    def _lines(self, name: str) -> Iterator[bytes]:
        with self._zip.open(name) as raw, BufferedReader(cast(Any, raw), READ_BYTES) as file:
            while line := file.readline(MAX_LINE_BYTES):
                if len(line) == MAX_LINE_BYTES:
                    raise ValueError(f"{name} has a longer line than a row")
                yield line

    @contextmanager
    def tar(self, number: int) -> Iterator["Tar"]:
        """Open a tar of uploads, to be read once from its beginning to its end."""
        with self._zip.open(part(number, "tar")) as file:
            yield Tar(file)

    def upload(self, name: str) -> IO[bytes]:
        """Open an upload of format 1."""
        return self._zip.open(f"uploads/{name}")


class Tar:
    """A tar that is read member by member, whose names and sizes its reader knows. Python's own module reads an extended
    header of any length into memory, and believes what it says."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        # Bytes up to the next header.
        self._left = 0

    def member(self, name: str, size: int) -> IO[bytes] | None:
        """Return the next member, to be read before the next one; None if it isn't this file."""
        self._skip()
        info = self._header()
        extended = info.type == tarfile.XHDTYPE
        if extended:
            if info.size > MAX_EXTENDED_BYTES:
                raise ValueError("a header of its files is too long")
            self._left = padded(info.size)
            self._skip()
            info = self._header()
        if not info.isreg() or info.name != name or info.size != (0 if extended else size):
            return None
        self._left = padded(size)
        return cast(IO[bytes], Member(self, size))

    def _header(self) -> tarfile.TarInfo:
        return tarfile.TarInfo.frombuf(self._file.read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape")

    def _skip(self) -> None:
        while self._left and self.read(READ_BYTES):
            pass

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data


class Member:
    """A file in a tar."""

    def __init__(self, tar: Tar, size: int) -> None:
        self._tar, self._left = tar, size

    def read(self, size: int) -> bytes:
        data = self._tar.read(min(size, self._left))
        self._left -= len(data)
        return data


def padded(size: int) -> int:
    """Return the bytes that a file takes in a tar."""
    return size + -size % tarfile.BLOCKSIZE
