"""The archive of a backup: a zip of `manifest.json`, `tables/LABEL.jsonl` for each table, and the folder `uploads`
(`chatsite.operations.backup.uploads`)."""

import json
import lzma
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from chatsite.operations.backup.rows import Tally

FORMAT_VERSION = 2
# Bounds memory; a room, a migration and, in format 1, a file take some hundred bytes each.
MAX_MANIFEST_BYTES = 256 * 1024 * 1024
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
# Of a tar at once: more makes many small files slow, which are cut off it one by one.
READ_BYTES = 256 * 1024
# Errors of reading a damaged archive; LookupError is of a missing member.
DAMAGE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    tarfile.TarError,
    lzma.LZMAError,
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
        with zipfile.ZipFile(path) as archive:
            yield Archive(archive)
    except DAMAGE_ERRORS as error:
        raise CommandError(f"{path} is not a whole backup: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its type; at most 200 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


class Archive:
    """An archive that is read: its manifest, checked, and access to tables and uploads."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive
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
    def has_uploads(self) -> bool:
        return bool(self.uploads if self.format == 1 else self.uploads["included"])

    def lines(self, label: str) -> Iterator[bytes]:
        yield from self._lines(member(label))

    def list_of(self, number: int) -> Iterator[bytes]:
        """Yield the lines of what is in a tar of uploads."""
        yield from self._lines(part(number, "jsonl"))

    def _lines(self, name: str) -> Iterator[bytes]:
        with self._zip.open(name) as file:
            yield from file

    @contextmanager
    def tar(self, number: int) -> Iterator[tarfile.TarFile]:
        """Open a tar of uploads, to be read once from its beginning to its end."""
        with (
            self._zip.open(part(number, "tar")) as file,
            tarfile.open(fileobj=file, mode="r|", bufsize=READ_BYTES) as tar,
        ):
            yield tar

    def upload(self, name: str) -> IO[bytes]:
        """Open an upload of format 1."""
        return self._zip.open(f"uploads/{name}")
