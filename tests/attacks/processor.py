"""Whether a process computed or waited for a processor, by Linux's own account: what of a pause is the machine's.

worker = Processor(serving(client, workers)); worker.read(); ...; ran, waited = worker.read()
"""

import socket
from contextlib import suppress
from pathlib import Path

from tests.support.servers.harness import open_files

NANOSECOND = 1e-9


class Processor:
    """Of the process's first thread, in which a worker of the site serves everybody."""

    def __init__(self, pid: int) -> None:
        self._path = Path(f"/proc/{pid}/task/{pid}/schedstat")
        self._before = (0.0, 0.0)
        self.read()

    def read(self) -> tuple[float, float]:
        """Seconds since the last look in which it computed, and in which it waited for a processor; 0 of one that ended."""
        before = self._before
        with suppress(OSError):
            ran, waited, _ = self._path.read_text().split()
            self._before = int(ran) * NANOSECOND, int(waited) * NANOSECOND
        return self._before[0] - before[0], self._before[1] - before[1]


def serving(client: socket.socket, workers: list[int]) -> int:
    """Which of the processes has the other end of the connection."""
    ends = (client.getpeername()[1], client.getsockname()[1])
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode = next(row[9] for row in rows if tuple(int(end.split(":")[1], 16) for end in row[1:3]) == ends)
    return next(worker for worker in workers if f"socket:[{inode}]" in open_files(worker))
