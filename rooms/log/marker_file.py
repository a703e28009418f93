"""The file in DATA_DIR that records how far the log has come (see log_marker.py). It needs settings, but no models: a start
reads it before Django is loaded."""

import io
import json
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

logger = logging.getLogger(__name__)

# Seconds by which the file system's time may differ from the recorded one; copies are older than that.
CTIME_SECONDS = 3.0
MAX_TRIES = 3


class Marker(NamedTuple):
    """Content of the file. `position` is the highest id of the log; `inode` and `written` (seconds since 1970, by the
    file system's clock) are the file's own."""

    position: int
    inode: int
    written: float


def path() -> Path:
    """Return the marker's path."""
    return Path(settings.DATA_DIR) / "log.marker"


def is_copy(now: int, vendor: str) -> bool:
    """Return whether a database of this vendor, whose log has come to `now`, may be an older copy of itself: the marker
    records a higher position, or isn't the file that was written here."""
    if now == 0:
        return False
    try:
        marker, status = Marker(**json.loads(path().read_text())), path().stat()
        moved = marker.inode != status.st_ino or abs(status.st_ctime - marker.written) > CTIME_SECONDS
        return moved or now < marker.position
    except FileNotFoundError:
        # A SQLite database came here without its marker. One of PostgreSQL may be served from a machine that is new
        # to it.
        return vendor == "sqlite"
    except (ValueError, TypeError, OSError, RecursionError):
        return True


def write(now: int) -> None:
    """Write the marker, and again where the disk kept it nearly so long that it looks like a copy. If that fails, the next
    start at worst takes the database for a copy."""
    for _ in range(MAX_TRIES):
        late = write_once(now)
        if late is None or late < CTIME_SECONDS / 3:
            break


def write_once(now: int) -> float | None:
    """Write the marker; return how many seconds after the recorded time it was in place, or None for an error."""
    folder = path().parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix="log.marker.")
        # Not `os.fdopen`: under eventlet it would ask the hub whether a file is ready.
        with io.open(handle, "w") as file:  # noqa: UP020
            status = os.fstat(handle)
            json.dump(Marker(now, status.st_ino, status.st_ctime)._asdict(), file)
        Path(name).replace(path())
        return path().stat().st_ctime - status.st_ctime
    except OSError as error:
        logger.warning("DATA_DIR: how far the log has come can't be noted: %s", error.strerror)
        with suppress(OSError, UnboundLocalError):
            Path(name).unlink()
        return None
