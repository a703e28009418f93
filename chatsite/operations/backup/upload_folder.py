"""Put the uploads of an archive in the place of the site's."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from django.core.management.base import CommandError

from chatsite.operations.backup import uploads
from chatsite.operations.backup.archive import Archive
from chatsite.operations.backup.upload_rows import check_space
from files.storage import local

# Of the disk, for a file beside its bytes.
FILE_BYTES = 4096
MAX_NAME_LENGTH = 1000


@contextmanager
def replaced(archive: Archive) -> Iterator[None]:
    """Extract before the block, replace the old folder after it. An archive without files leaves the folder alone."""
    if not archive.has_uploads:
        yield
        return
    # A symbolic link stays, and so does the disk that it leads to.
    current = local.folder().resolve()
    check_target(archive, current)
    fresh, old = current.with_name(current.name + ".restoring"), current.with_name(current.name + ".replaced")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        extract(archive, fresh)
        hand_over(fresh, current if current.exists() else current.parent)
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


def check_target(archive: Archive, folder: Path) -> None:
    """Raise CommandError where the folder can't be exchanged, or the disk hasn't the space: old and new lie side by side."""
    if folder.is_mount():
        raise CommandError(
            f"{folder} is a disk of its own: make it a symbolic link to a folder on that disk."
        )
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    count, size = uploads.totals(archive)
    check_space(folder.parent, size + count * FILE_BYTES, "The files need")


def extract(archive: Archive, target: Path) -> None:
    """Extract all files into the new folder `target`. Raises CommandError for one that isn't as the archive's list says."""
    target.mkdir(mode=0o700)
    for entry, source in uploads.contents(archive):
        path = target / inside(entry.name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with private(path) as sink:
            uploads.checked(entry, source, sink)
    os.sync()


def private(path: Path) -> IO[bytes]:
    """Open a new file for writing that only this user can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def inside(name: str) -> PurePosixPath:
    """Check that a file's path stays within the folder. Raises CommandError."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or len(name) > MAX_NAME_LENGTH:
        raise CommandError(f"The archive wants to write outside of its folder: {name[:MAX_NAME_LENGTH]!r}.")
    if path.parts[0] == local.incoming_folder().name:
        # By a note the sweep would delete the file that it names.
        raise CommandError(f"The archive wants to write notes of its own: {name!r}.")
    return path


def hand_over(folder: Path, like: Path) -> None:
    """Give the new folder, for root, the owner of `like`: the server's user must be able to read and write it."""
    owner = like.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for parent, _, names in os.walk(folder):
        for path in (parent, *(os.path.join(parent, name) for name in names)):  # noqa: PTH118
            os.chown(path, owner.st_uid, owner.st_gid)
