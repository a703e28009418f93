"""The file: a zip of `manifest.json`, `tables/LABEL.jsonl` for each table, and the folder `uploads`."""

import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import CommandError

from chatsite.backup.rows import Tally

FORMAT = 1
# Twice as fast as zlib's default, for a file that is a tenth larger.
LEVEL = 3
# What reading it may raise where bytes are wrong or missing; the third is a member that isn't there.
BROKEN = (zipfile.BadZipFile, zlib.error, KeyError, EOFError, ValueError, TypeError, NotImplementedError)


@contextmanager
def new(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive that only we can read. It takes `path`'s place when it is whole and on the disk, and not before."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
                yield archive
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


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


@contextmanager
def opened(path: Path) -> Iterator["Archive"]:
    """To be read. What is wrong with the file is one sentence, also when it shows only half-way."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield Archive(archive)
    except BROKEN as error:
        raise CommandError(f"{path} is not a whole backup: {error}") from error


class Archive:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive
        self.manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
        if self.manifest["format"] > FORMAT:
            raise CommandError(
                "The archive is of a newer version of the program: upgrade the program first (git pull)."
            )
        self.tables: dict[str, dict[str, Any]] = self.manifest["tables"]
        self.rooms: dict[str, dict[str, Any]] = self.manifest["rooms"]
        self.uploads: dict[str, dict[str, Any]] = self.manifest["uploads"]
        self.migrations = sorted((app, name) for app, name in self.manifest["migrations"])

    def lines(self, label: str) -> Iterator[bytes]:
        with self._zip.open(member(label)) as file:
            yield from file

    def upload(self, name: str) -> IO[bytes]:
        return self._zip.open(f"uploads/{name}")
