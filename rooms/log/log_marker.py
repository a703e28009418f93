"""Detection, at the start, of a database that is an older copy of itself and was put in its place by hand.

A client that saw events beyond the copy would take the next ones, which get the same numbers, for those it has. All
rooms therefore get new epochs, as after `./run restore`, and every client loads them anew.

A file in DATA_DIR, the marker (marker_file.py), records the log's highest id; a database with less is older. If the folder
was copied with the marker, the file system tells: a copy has another inode, and a file that was overwritten another `ctime`
than it records.
"""

from django.db import connection
from django.db.models import Max

from chatsite.realtime.scheduling.background import in_thread
from rooms.log import marker_file
from rooms.log.consumers import positions
from rooms.models import Event, Room, new_epoch

# Seconds between two records of a running server.
KEEP_SECONDS = 5


def position() -> int:
    """Return the highest id of the log of all rooms; reads one entry of an index."""
    return int(Event.objects.aggregate(Max("pk"))["pk__max"] or 0)


def check() -> bool:
    """Give all rooms a new epoch if the database may be an older copy; return whether it may. Called when a site
    starts."""
    now = position()
    is_copy = marker_file.is_copy(now, connection.vendor)
    if is_copy:
        renew_epochs()
    marker_file.write(now)
    return is_copy


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
            in_thread(marker_file.write, now)
            self._written = now


keep = Keeper().keep
