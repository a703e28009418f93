"""Back up and restore the folder of uploaded files, where a site has one."""

import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from chatsite.operations.backup.archive import Archive

COPY_CHUNK_BYTES = 1024 * 1024


def folder() -> Path:
    return Path(settings.MEDIA_ROOT or settings.DATA_DIR / "uploads")


def add(archive: zipfile.ZipFile) -> dict[str, dict[str, Any]]:
    """Add every file; return `{name: {"bytes", "sha256"}}`. A file that is deleted meanwhile is left out."""
    listed = {}
    for path in sorted(folder().rglob("*")):
        if path.is_file() and not path.is_symlink():
            name = path.relative_to(folder()).as_posix()
            try:
                listed[name] = add_file(archive, name, path)
            except FileNotFoundError:
                continue
    return listed


def add_file(archive: zipfile.ZipFile, name: str, path: Path) -> dict[str, Any]:
    """Store a file uncompressed, as most uploads are compressed already."""
    with path.open("rb") as source:
        entry = zipfile.ZipInfo(f"uploads/{name}")
        with archive.open(entry, "w", force_zip64=True) as sink:
            return hashed(iter(lambda: source.read(COPY_CHUNK_BYTES), b""), sink)


def hashed(pieces: Iterator[bytes], sink: Any) -> dict[str, Any]:
    """Copy `pieces` into `sink`; return `{"bytes", "sha256"}`."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        sink.write(piece)
    return {"bytes": size, "sha256": digest.hexdigest()}


def extract(archive: Archive, target: Path) -> None:
    """Extract all files into the new folder `target`. Raises CommandError for one that differs from the manifest."""
    target.mkdir(mode=0o700, parents=True)
    for name, said in archive.uploads.items():
        path = target / inside(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with archive.upload(name) as source, path.open("xb") as sink:
            found = hashed(iter(lambda: source.read(COPY_CHUNK_BYTES), b""), sink)
        if found != said:
            raise CommandError(f"The file uploads/{name} is not as it was when the backup was made.")


def inside(name: str) -> PurePosixPath:
    """Check that a member's path stays within the folder. Raises CommandError."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise CommandError(f"The archive wants to write outside of its folder: {name!r}.")
    return path


@contextmanager
def replaced(archive: Archive) -> Iterator[None]:
    """Extract before the block, replace the old folder after it. An archive without files leaves the folder alone."""
    if not archive.uploads:
        yield
        return
    current = folder()
    fresh, old = current.with_name(current.name + ".restoring"), current.with_name(current.name + ".replaced")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        extract(archive, fresh)
        if current.exists() and old.exists():
            # Left by a killed restore; without `current` it would be the only copy.
            shutil.rmtree(old)
        yield
        if current.exists():
            current.rename(old)
        fresh.rename(current)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
