"""An HTTP client's socket, which is patient with a slow line and not with one who wants to keep it open.

Only the time in which the server waits for the client counts, and what comes or is taken earns more of it.
"""

from random import random
from time import monotonic

import eventlet
from eventlet.greenio import GreenSocket

# Seconds without a byte of a body that was announced, or of an answer taken, before the connection is given up.
SILENCE_SECONDS = 30.0
# Seconds that a client may be behind the least rate, and that rate: a line of 8 kbit/s is at it. And the part of them by
# which one may have more than another: ten thousand that came together would end in one turn of the hub, some seconds.
BEHIND_SECONDS, LEAST_BYTES_PER_SECOND, SPREAD = 20.0, 1024, 0.5
# What is read or written without a wait, before the loop has a turn: some 100 µs.
BYTES_WITHOUT_TURN = 256 * 1024


class ClientSocket(GreenSocket):
    """Raises TimeoutError in `recv` and `send` once its time is up; by itself it has as long as it likes.

    `given` is what another worker has read from it. `moved` counts the bytes of what is being read or answered.
    """

    given = b""
    moved = 0
    # Seconds that it may still be waited for, the seconds that a byte earns, and the most that it may have saved up.
    _left: float | None = None
    _each = _most = 0.0
    _unturned = 0

    def allow(self, seconds: float, bytes_per_second: int = 0) -> None:
        """From now on it may keep the server waiting so long, and longer as it keeps up that rate."""
        self._left = self._most = seconds
        self._each = 1 / bytes_per_second if bytes_per_second else 0.0
        self.moved = 0

    def allow_at_least_rate(self) -> None:
        self.allow(BEHIND_SECONDS * (1 + SPREAD * random()), LEAST_BYTES_PER_SECOND)

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self.given and not flags:
            data, self.given = self.given[:size], self.given[size:]
            return data
        began = self._begin()
        data = bytes(super().recv(size, flags))
        self._end(began, 0 if flags else len(data))
        return data

    def send(self, data: bytes, flags: int = 0) -> int:
        began = self._begin()
        sent = int(super().send(data, flags))
        self._end(began, sent)
        return sent

    def _begin(self) -> float:
        if self._unturned >= BYTES_WITHOUT_TURN:
            self._unturned = 0
            eventlet.sleep(0)
        if self._left is None:
            self.settimeout(None)
            return 0.0
        if self._left <= 0:
            raise TimeoutError("the client is too slow")
        self.settimeout(min(self._left, SILENCE_SECONDS))
        return monotonic()

    def _end(self, began: float, count: int) -> None:
        self.moved += count
        self._unturned += count
        if self._left is not None:
            self._left = min(self._most, self._left - (monotonic() - began) + count * self._each)
