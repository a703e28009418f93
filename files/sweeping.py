"""Remove files that nobody has any more: the rows, and then the bytes.

A note in `incoming` says which bytes are about to go: where a process is killed in between, the next sweep finds them by it.
The same notes stand for uploads that are being stored.
"""

import logging
import math
import time
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from chatsite.database.chunks import chunked
from chatsite.realtime.queues import read_queue
from chatsite.realtime.scheduling.background import Timer, in_thread, serving
from files import store_claim
from files.models import Blob, File
from files.storage import local, store
from files.storage.keys import KEY
from files.storage.store import StoreError

logger = logging.getLogger(__name__)

# Seconds between two sweeps, and from a deletion to the sweep that it asks for.
SWEEP_SECONDS, SOON_SECONDS = 30.0, 1.0
# How long an upload waits for its message.
LOOSE = timedelta(hours=24)
# Files of one transaction: some ms; and seconds of one sweep. What is left then is the next one's.
FILES_AT_ONCE, LONGEST_SWEEP_SECONDS = 50, 10.0
# Seconds between two looks into `incoming`, and the age from which what lies there is nobody's: an upload that comes at all
# is written to more often.
LEFTOVER_SECONDS = 3600.0
# Keys of one statement, of which SQLite takes only so many.
KEYS_AT_ONCE = 500


class Sweeper:
    """The sweeps of this process. Several processes sweep at once, and none takes what another has."""

    def __init__(self) -> None:
        self._asked = False
        self._next_look = 0.0

    def soon(self) -> None:
        """Sweep in a moment; in a process that doesn't serve the server does, within SWEEP_SECONDS."""
        if serving() and not self._asked:
            self._asked = True
            Timer(SOON_SECONDS, self._sweep_as_asked)

    def _sweep_as_asked(self) -> None:
        self._asked = False
        self.remove_released(time.monotonic() + LONGEST_SWEEP_SECONDS)

    def sweep(self) -> None:
        """Remove what is old or given up."""
        until = time.monotonic() + LONGEST_SWEEP_SECONDS
        release_old()
        self.remove_released(until)
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LEFTOVER_SECONDS
            remove_leftovers()

    @staticmethod
    def remove_released(until: float) -> None:
        while time.monotonic() < until and remove_some():
            read_queue.give_way()


sweeper = Sweeper()


def release_old() -> None:
    """Give up uploads that no message took in time, and files whose message is gone from the database."""
    now = timezone.now()
    for found in (
        File.objects.loose().filter(created_at__lt=now - LOOSE, scheduled=None),
        File.objects.kept().filter(attached_at__isnull=False, message=None),
    ):
        ids = list(found.values_list("pk", flat=True)[: FILES_AT_ONCE * 20])
        if ids:
            # Asked anew: a message may have taken one meanwhile.
            found.filter(pk__in=ids).update(released_at=now)


def remove_some() -> int:
    """Remove some of the files that are given up; return how many."""
    with transaction.atomic():
        files = list(
            File.objects.filter(released_at__isnull=False)
            .select_for_update(skip_locked=True)
            .order_by("released_at")[:FILES_AT_ONCE]
        )
        blobs = without_others(files)
        for blob in blobs:
            local.note(blob.key)
        File.objects.filter(pk__in=[file.pk for file in files]).delete()
        Blob.objects.filter(pk__in=[blob.pk for blob in blobs]).delete()
    in_thread(remove_bytes, [blob for blob in blobs if not blob.remote])
    remove_remote({blob.key for blob in blobs if blob.remote})
    return len(files)


def without_others(files: Collection[File]) -> list[Blob]:
    """Return the blobs that only these files have, locked: no further file gets one of them."""
    blobs = Blob.objects.select_for_update().filter(pk__in={file.blob_id for file in files})
    locked = list(blobs.order_by("pk"))
    others = File.objects.filter(blob__in=locked).exclude(pk__in=[file.pk for file in files])
    kept = set(others.values_list("blob", flat=True))
    return [blob for blob in locked if blob.pk not in kept]


def remove_bytes(blobs: Collection[Blob]) -> None:
    """Remove bytes and small pictures of blobs that have no rows, and the notes on them."""
    for blob in blobs:
        try:
            local.delete(blob.key, {*local.PREVIEWS, *blob.previews})
            local.forget(blob.key)
        except OSError:
            # The note stays, and the next look finds it.
            logger.exception("A file's bytes can't be removed")


def remove_remote(keys: Collection[str]) -> bool:
    """Remove bytes and small pictures from the store, and the notes on them; return False where it is away, or another
    site's, and the notes stay."""
    if not keys:
        return True
    names = [store.name_of(key, which) for key in keys for which in ("", *local.PREVIEWS)]
    try:
        store_claim.check(anew=True)
        store.delete(names)
    except StoreError as error:
        logger.error("Files can't be removed from the store of FILES_URL (%s)", error.reason)
        return False
    in_thread(forget_all, keys)
    return True


def forget_all(keys: Collection[str]) -> None:
    for key in keys:
        local.forget(key)


def remove_leftovers() -> None:
    """Remove what processes left behind that were killed, and what a store was away for."""
    there = store.in_use()
    for paths in chunked(in_thread(leftovers), KEYS_AT_ONCE, read_queue.give_way):
        there = remove_some_leftovers(paths, there)


def remove_some_leftovers(paths: list[Path], there: bool) -> bool:
    """Remove some of them, and return whether the store is `there` to be asked for the next ones."""
    noted = {path.name for path in paths if KEY.fullmatch(path.name)}
    known = set(Blob.objects.filter(key__in=noted).values_list("key", flat=True)) if noted else set()
    lost = noted - known
    if lost and store.in_use():
        there = there and remove_remote(lost)
        if not there:
            paths = [path for path in paths if path.name not in lost]
    in_thread(remove_paths, paths, lost)
    return there


def leftovers() -> list[Path]:
    """Return what lies in `incoming` for long."""
    folder, old = local.incoming_folder(), time.time() - LEFTOVER_SECONDS
    return [path for path in folder.iterdir() if changed_at(path) < old] if folder.exists() else []


def changed_at(path: Path) -> float:
    """Return when a file was written to; the end of time for one that went meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def remove_paths(paths: Collection[Path], lost: Collection[str]) -> None:
    for path in paths:
        if path.name in lost:
            local.delete(path.name, local.PREVIEWS)
        path.unlink(missing_ok=True)
