"""Notices at the start that the database is an older copy of itself, which was put in its place by hand.

A client that saw events beyond the copy would take the next ones, which get the same numbers, for those it has. So the rooms
get new epochs, as after `./run restore`, and every client loads them anew.

A file in DATA_DIR, the marker, says how far the log had come. A database of less is an older one. And where the folder was
copied with the marker in it, the file system tells: a copy has another inode, and a file that was written over another
`ctime` than what stands in it.
"""

import io
import json
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Max

from chatsite.realtime.scheduling.threads import in_thread
from rooms.models import Event, Room, new_epoch

logger = logging.getLogger(__name__)

# Between two looks of a server at how far the log has come.
KEEP_SECONDS = 5
# What may lie between the moment in the marker and the one that the file system notes; a copy is older than that.
CTIME_SECONDS = 3.0


class Marker(NamedTuple):
    """`position` is the highest id in the log, `inode` and `written` (seconds since 1970, by the file system's clock) the
    file's own."""

    position: int
    inode: int
    written: float


def path() -> Path:
    return Path(settings.DATA_DIR) / "log.marker"


def position() -> int:
    """How far the log of all rooms has come; one row of an index."""
    return int(Event.objects.aggregate(Max("pk"))["pk__max"] or 0)


def check() -> bool:
    """Give all rooms a new epoch where the database may be an older copy; whether it may. For the start of a site."""
    now = position()
    is_copy = now > 0 and is_older(now)
    if is_copy:
        renew_epochs()
    write(now)
    return is_copy


def is_older(now: int) -> bool:
    """Whether the marker says that the log had come further, or isn't the one that was written here."""
    try:
        marker, status = Marker(**json.loads(path().read_text())), path().stat()
        moved = marker.inode != status.st_ino or abs(status.st_ctime - marker.written) > CTIME_SECONDS
        return moved or now < marker.position
    except FileNotFoundError:
        # A database of SQLite came here without it. One of PostgreSQL may be served from a machine that is new to it.
        return connection.vendor == "sqlite"
    except (ValueError, TypeError, OSError, RecursionError):
        return True


def write(now: int) -> None:
    """Where it can't be written, the next start takes the database for a copy at worst."""
    folder = path().parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix="log.marker.")
        # Not by `os.fdopen`, which under eventlet would ask the hub of a thread whether a file is ready.
        with io.open(handle, "w") as file:  # noqa: UP020
            status = os.fstat(handle)
            json.dump(Marker(now, status.st_ino, status.st_ctime)._asdict(), file)
        Path(name).replace(path())
    except OSError as error:
        logger.warning("DATA_DIR: how far the log has come can't be noted: %s", error.strerror)
        with suppress(OSError, UnboundLocalError):
            Path(name).unlink()


def renew_epochs() -> int:
    """Every client loads every room anew. How many rooms there are."""
    rooms = list(Room.objects.only("pk"))
    for room in rooms:
        room.epoch = new_epoch()
    Room.objects.bulk_update(rooms, ["epoch"], batch_size=500)
    return len(rooms)


class Keeper:
    """Keeps the marker of a running server in step."""

    def __init__(self) -> None:
        self._written = -1

    def keep(self) -> None:
        now = position()
        if now != self._written:
            # While a disk is busy, half a second went by in here.
            in_thread(write, now)
            self._written = now


keep = Keeper().keep
