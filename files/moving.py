"""Move files from the folder of uploads to the store of FILES_URL.

Uploads never wait for the store: they lie in the folder until they are moved, and a store that is away only lets them become
more there. The copy on the disk goes once the row says that the store has the bytes.
"""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chatsite.realtime.scheduling.background import Timer, in_thread, serving
from files import store_claim, sweeping
from files.models import Blob
from files.storage import local, store
from files.storage.store import StoreError

logger = logging.getLogger(__name__)

# Seconds between two looks for files to move, and from an upload to the look that it asks for.
MOVE_SECONDS, SOON_SECONDS = 30.0, 0.1
# Seconds after which files that couldn't be moved are tried again, and looked for from the first on: other processes and
# earlier versions may have left some.
AGAIN_SECONDS = 600.0
BLOBS_AT_ONCE = 100
# Keys that are looked at again each time: a row may be committed later than those behind it.
LATE_ROWS = 1000


class Mover:
    """Moves files of this process's machine; of several processes on it one at a time."""

    def __init__(self) -> None:
        self._asked = False
        self.start_over()

    def start_over(self) -> None:
        """Look for files from the first on, the next time."""
        self._after = 0
        self._again = time.monotonic() + AGAIN_SECONDS

    def soon(self) -> None:
        """Move what was just uploaded; from a process that doesn't serve the server does, within MOVE_SECONDS."""
        if store.in_use() and serving() and not self._asked:
            self._asked = True
            Timer(SOON_SECONDS, self._move_as_asked)

    def _move_as_asked(self) -> None:
        self._asked = False
        self.move()

    def move(self) -> int:
        """Move all that is new, and return how many blobs. An error of the store is logged, and ends it for now."""
        if not store.in_use():
            return 0
        if time.monotonic() > self._again:
            self.start_over()
        moved = 0
        try:
            with alone() as may:
                for blob in new_blobs(self._after - LATE_ROWS) if may else ():
                    store_claim.check()
                    moved += move(blob)
                    self._after = max(self._after, blob.pk)
        except StoreError as error:
            logger.error("Files can't be moved to the store of FILES_URL (%s)", error.reason)
        return moved


mover = Mover()


def new_blobs(after: int) -> Iterator[Blob]:
    """Yield blobs behind a key that aren't in the store, also those that come meanwhile."""
    rows = Blob.objects.filter(remote=False).only("key", "previews").order_by("pk")
    while blobs := list(rows.filter(pk__gt=after)[:BLOBS_AT_ONCE]):
        yield from blobs
        after = blobs[-1].pk


@contextmanager
def alone() -> Iterator[bool]:
    """Yield whether no other process of this machine moves files, for the block."""
    local.folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with (local.folder() / "moving.lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def move(blob: Blob) -> bool:
    """Move a blob's bytes and small pictures. Return False where they aren't on this machine. Raises StoreError."""
    names = ["", *blob.previews]
    if not all(local.path(blob.key, which).exists() for which in names):
        return False
    try:
        for which in names:
            with local.path(blob.key, which).open("rb") as file:
                store.put(store.name_of(blob.key, which), file)
    except (FileNotFoundError, StoreError) as error:
        if not Blob.objects.filter(pk=blob.pk).exists():
            undo(blob)
        if isinstance(error, StoreError):
            raise
        return False
    if not Blob.objects.filter(pk=blob.pk).update(remote=True):
        # It was deleted meanwhile.
        undo(blob)
    in_thread(local.delete, blob.key, blob.previews)
    return True


def undo(blob: Blob) -> None:
    """Delete from the store what was put there of a blob that has no row any more. Where the store is away the sweep does it
    later, by the note."""
    in_thread(local.note, blob.key)
    sweeping.remove_remote({blob.key})


def check() -> None:
    """Store, read and delete something. Raises StoreError, and FileNotFoundError where it isn't there any more."""
    name = f"doctor-{os.getpid()}-{time.time_ns()}"
    with (local.folder() / "moving.lock").open("a+b") as file:
        store.put(name, file)
    store.get(name, 0, 0).close()
    store.delete([name])
