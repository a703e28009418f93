"""The folder of uploaded files, where a site has one."""

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
    """Every file, and what the manifest says of it. One that is deleted meanwhile is left out."""
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
    """Stored as it is: pictures and the like are compressed already."""
    with path.open("rb") as source:
        entry = zipfile.ZipInfo(f"uploads/{name}")
        with archive.open(entry, "w", force_zip64=True) as sink:
            return hashed(iter(lambda: source.read(COPY_CHUNK_BYTES), b""), sink)


def hashed(pieces: Iterator[bytes], sink: Any) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        sink.write(piece)
    return {"bytes": size, "sha256": digest.hexdigest()}


def extract(archive: Archive, target: Path) -> None:
    """Into a new folder. Raises CommandError for a file that isn't as the manifest says."""
    target.mkdir(mode=0o700, parents=True)
    for name, said in archive.uploads.items():
        path = target / inside(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with archive.upload(name) as source, path.open("xb") as sink:
            found = hashed(iter(lambda: source.read(COPY_CHUNK_BYTES), b""), sink)
        if found != said:
            raise CommandError(f"The file uploads/{name} is not as it was when the backup was made.")


def inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise CommandError(f"The archive wants to write outside of its folder: {name!r}.")
    return path


@contextmanager
def replaced(archive: Archive) -> Iterator[None]:
    """Unpacks before the block and takes the old folder's place after it. An archive without files leaves it alone."""
    if not archive.uploads:
        yield
        return
    current = folder()
    fresh, old = current.with_name(current.name + ".restoring"), current.with_name(current.name + ".replaced")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        extract(archive, fresh)
        if current.exists() and old.exists():
            # Of a restore that was killed; without `current` it may be all that is left.
            shutil.rmtree(old)
        yield
        if current.exists():
            current.rename(old)
        fresh.rename(current)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
