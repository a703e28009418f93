"""Detection, at the start, of a database that is an older copy of itself and was put in its place by hand.

A client that saw events beyond the copy would take the next ones, which get the same numbers, for those it has. All
rooms therefore get new epochs, as after `./run restore`, and every client loads them anew.

A file in DATA_DIR, the marker, records the log's highest id; a database with less is older. If the folder was copied
with the marker, the file system tells: a copy has another inode, and a file that was overwritten another `ctime` than
it records.
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

from chatsite.realtime.scheduling.background import in_thread
from rooms.log.consumers import positions
from rooms.models import Event, Room, new_epoch

logger = logging.getLogger(__name__)

# Seconds between two records of a running server.
KEEP_SECONDS = 5
# Seconds by which the file system's time may differ from the recorded one; copies are older than that.
CTIME_SECONDS = 3.0


class Marker(NamedTuple):
    """Content of the file. `position` is the highest id of the log; `inode` and `written` (seconds since 1970, by the
    file system's clock) are the file's own."""

    position: int
    inode: int
    written: float


def path() -> Path:
    """Return the marker's path."""
    return Path(settings.DATA_DIR) / "log.marker"


def position() -> int:
    """Return the highest id of the log of all rooms; reads one entry of an index."""
    return int(Event.objects.aggregate(Max("pk"))["pk__max"] or 0)


def check() -> bool:
    """Give all rooms a new epoch if the database may be an older copy; return whether it may. Called when a site
    starts."""
    now = position()
    is_copy = now > 0 and is_older(now)
    if is_copy:
        renew_epochs()
    write(now)
    return is_copy


def is_older(now: int) -> bool:
    """Return whether the marker records a higher position, or isn't the file that was written here."""
    try:
        marker, status = Marker(**json.loads(path().read_text())), path().stat()
        moved = marker.inode != status.st_ino or abs(status.st_ctime - marker.written) > CTIME_SECONDS
        return moved or now < marker.position
    except FileNotFoundError:
        # A SQLite database came here without its marker. One of PostgreSQL may be served from a machine that is new
        # to it.
        return connection.vendor == "sqlite"
    except (ValueError, TypeError, OSError, RecursionError):
        return True


def write(now: int) -> None:
    """Write the marker. If that fails, the next start at worst takes the database for a copy."""
    folder = path().parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix="log.marker.")
        # Not `os.fdopen`: under eventlet it would ask the hub whether a file is ready.
        with io.open(handle, "w") as file:  # noqa: UP020
            status = os.fstat(handle)
            json.dump(Marker(now, status.st_ino, status.st_ctime)._asdict(), file)
        Path(name).replace(path())
    except OSError as error:
        logger.warning("DATA_DIR: how far the log has come can't be noted: %s", error.strerror)
        with suppress(OSError, UnboundLocalError):
            Path(name).unlink()


def renew_epochs() -> int:
    """Give all rooms a new epoch, so that clients load them anew; return the number of rooms. Consumers of the log leave
    nothing out that gets a seq anew."""
    rooms = list(Room.objects.only("pk"))
    for room in rooms:
        room.epoch = new_epoch()
    Room.objects.bulk_update(rooms, ["epoch"], batch_size=500)
    positions.pull_back()
    return len(rooms)


class Keeper:
    """Keeps the marker of a running server up to date."""

    def __init__(self) -> None:
        self._written = -1

    def keep(self) -> None:
        """Write the marker if the log has grown."""
        now = position()
        if now != self._written:
            # In a thread: on a busy disk it took half a second.
            in_thread(write, now)
            self._written = now


keep = Keeper().keep
