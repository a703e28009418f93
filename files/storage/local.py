"""Bytes of files in a folder of this machine, or one that several machines share.

Nothing half written has a name: bytes go into a file without one, which gets its name when it is whole and on the disk. A
process that is killed in between leaves nothing.
"""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from files.storage.keys import KEY, path_of

# Names of the small pictures that a blob may have.
PREVIEWS = ("small", "large", "96", "48")
COPY_BYTES = 1024 * 1024
# Bytes after which what was written goes to the disk: more at once and a commit beside it waits 0.1 s instead of some ms.
SYNC_BYTES = 8 * 1024 * 1024
NAMELESS = os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC
# What file systems without nameless files answer (NFS, some overlays).
WITHOUT_NAMELESS = {errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL}


def folder() -> Path:
    """Return the folder of uploads."""
    return Path(settings.MEDIA_ROOT or settings.DATA_DIR / "uploads")


def made_folder() -> Path:
    """Return the folder of uploads, which is there then."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder()


def incoming_folder() -> Path:
    """Return the folder of what isn't whole yet, where the file system has no files without names."""
    return folder() / "incoming"


def path(key: str, which: str = "") -> Path:
    """Return the path of a blob's bytes, or of one of its small pictures. Raises ValueError for what is no key."""
    found = path_of(folder(), key)
    return found.with_name(f"{key}.{which}") if which else found


@contextmanager
def incoming() -> Iterator[BinaryIO]:
    """Open a file for reading and writing that goes at the end of the block, unless `keep` gave it a name."""
    try:
        descriptor = nameless()
    except OSError as error:
        if error.errno not in WITHOUT_NAMELESS:
            raise
        with _named() as file:
            yield file
        return
    with os.fdopen(descriptor, "w+b", buffering=0) as file:
        yield file


def nameless() -> int:
    """Open a file without a name. Raises OSError where there are none."""
    try:
        return os.open(folder(), NAMELESS, 0o600)
    except FileNotFoundError:
        # Either the folder isn't there or the file system answers so.
        return os.open(made_folder(), NAMELESS, 0o600)


@contextmanager
def _named() -> Iterator[Any]:
    incoming_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=incoming_folder(), buffering=0) as file:
        yield file


def keep(file: BinaryIO, key: str, which: str = "") -> None:
    """Give a file of `incoming` its name, once its bytes are on the disk. It waits for the disk: call it in a thread."""
    target = path(key, which)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.fsync(file.fileno())
    parent = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # With a folder's descriptor Python follows the link: to the file without a name.
        os.link(f"/proc/self/fd/{file.fileno()}", target.name, src_dir_fd=parent, dst_dir_fd=parent)
        os.fsync(parent)
    finally:
        os.close(parent)


def copied(source: BinaryIO, target: BinaryIO) -> None:
    """Copy a file's bytes from its beginning, and put them on the disk as they come. Call it in a thread."""
    at = 0
    while piece := os.pread(source.fileno(), COPY_BYTES, at):
        written(target, piece)
        at += len(piece)
        if at % SYNC_BYTES < COPY_BYTES:
            os.fdatasync(target.fileno())


def written(file: BinaryIO, data: bytes) -> None:
    """Write all of it: an unbuffered file may take less."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def hashed(file: BinaryIO) -> str:
    """Return the SHA-256 of a file, in hex. Call it in a thread."""
    digest, at = hashlib.sha256(), 0
    while piece := os.pread(file.fileno(), COPY_BYTES, at):
        digest.update(piece)
        at += len(piece)
    return digest.hexdigest()


def note(key: str) -> None:
    """Note that bytes of this key are being kept, of which no row may know yet."""
    incoming_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    (incoming_folder() / key).touch(mode=0o600)


def forget(key: str) -> None:
    """Remove the note: there are rows now, or the bytes are gone again."""
    (incoming_folder() / key).unlink(missing_ok=True)


def delete(key: str, previews: Any = ()) -> None:
    """Delete a blob's bytes and small pictures; what isn't there is no error."""
    for which in ("", *previews):
        with suppress(FileNotFoundError):
            path(key, which).unlink()


def walk() -> Iterator[tuple[str, str, Path]]:
    """Yield the key, the small picture's name or "", and the path of everything that is stored."""
    for found in folder().glob("??/??/*"):
        key, _, which = found.name.partition(".")
        if KEY.fullmatch(key) and found.is_file():
            yield key, which, found
