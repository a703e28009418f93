"""An HTTP client's socket, patient with a slow line and not with a client that wants to keep it open.

Only the time in which the server waits for the client counts, and each byte that moves earns more of it.
Greenlets whose client's time is up go on a few in each turn of the hub, with websockets and everything else
in between.
"""

from random import random
from time import monotonic
from typing import Any

import eventlet
from eventlet import hubs
from eventlet.greenio import GreenSocket
from eventlet.greenio.base import socket_accept
from eventlet.greenthread import getcurrent

from chatsite.realtime.scheduling.epoll import READ, WRITE, http_epoll, is_ready
from chatsite.realtime.scheduling.hub_turns import HubTurns

# Seconds without a byte received of an announced body, or taken of an answer, after which the connection is
# given up.
SILENCE_SECONDS = 30.0
# Seconds that a client may be behind the least rate, and that rate: a line of 8 kbit/s is at it. And the
# share of these seconds that is added at random: ten thousand that came together would end in one turn of the
# hub, which took some seconds.
BEHIND_SECONDS, LEAST_BYTES_PER_SECOND, SPREAD = 20.0, 1024, 0.5
# Bytes read or written without a wait before the loop has a turn: some 100 µs.
BYTES_WITHOUT_TURN = 256 * 1024
# Connections whose time is up that end in one turn of the hub: 0.2 ms each.
ENDS_A_TURN = 8


class Waiter:
    """A greenlet that waits for its client. It goes on once, at readiness or when its time is up, which sets
    `late`."""

    __slots__ = ("_greenlet", "late")

    def __init__(self) -> None:
        self._greenlet: Any = getcurrent()
        self.late = False

    def switch(self) -> None:
        greenlet, self._greenlet = self._greenlet, None
        if greenlet is not None:
            greenlet.switch()

    readable = writable = switch

    def time_is_up(self) -> None:
        self.late = True
        late.put(self)

    def is_over(self) -> None:
        self._greenlet = None


late = HubTurns(ENDS_A_TURN)


class ListeningSocket(GreenSocket):
    """A listening socket that waits in the hub itself, so that clients' own waits don't keep out new ones."""

    def accept(self) -> tuple["ClientSocket", Any]:
        while (accepted := socket_accept(self.fd)) is None:
            self._trampoline(self.fd, read=True)
        client, address = accepted
        hubs.notify_opened(client.fileno())
        return ClientSocket(client), address


class ClientSocket(GreenSocket):
    """A client's socket. `recv` and `send` raise TimeoutError once its time is up; without `allow` it has no
    limit.

    `given` is what another worker has read from it. `moved` counts bytes since the last `allow`.
    """

    given = b""
    moved = 0
    # Seconds that the server still waits, the seconds that a byte earns, and the most that may be saved up.
    _left: float | None = None
    _each = _most = 0.0
    _unturned = 0

    def allow(self, seconds: float, bytes_per_second: int = 0) -> None:
        """Let the client keep the server waiting for so many seconds, and longer while it keeps up that rate."""
        self._left = self._most = seconds
        self._each = 1 / bytes_per_second if bytes_per_second else 0.0
        self.moved = 0

    def allow_at_least_rate(self) -> None:
        """Allow BEHIND_SECONDS and LEAST_BYTES_PER_SECOND."""
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

    def wait_readable(self) -> None:
        """Wait until something can be read, for a reader beside this object, which tells `note` of it."""
        self._wait(read=True)

    def wait_writable(self) -> None:
        """Wait until something can be written."""
        self._wait(write=True)

    def _wait(self, read: bool = False, write: bool = False) -> None:
        began = self._begin()
        late = TimeoutError("the client is too slow")
        self._trampoline(self.fd, read, write, timeout=self.gettimeout(), timeout_exc=late)
        self._end(began, 0)

    def note(self, count: int) -> None:
        """Count bytes that were moved by others."""
        self._end(monotonic(), count)

    def _trampoline(
        self, fd: Any, read: bool = False, write: bool = False, timeout: Any = None, timeout_exc: Any = None
    ) -> None:
        """Wait as eventlet's method does. Raises `timeout_exc` after `timeout` seconds."""
        waiter, descriptor, wanted = Waiter(), fd.fileno(), READ if read else WRITE
        hub = hubs.get_hub()
        http_epoll.change(waiter, descriptor, 0, wanted)
        timer = None if timeout is None else hub.schedule_call_global(timeout, waiter.time_is_up)
        try:
            hub.switch()
        finally:
            waiter.is_over()
            if timer is not None:
                timer.cancel()
            http_epoll.change(waiter, descriptor, wanted, 0)
        # Bytes that came while this process was busy with others have come in time.
        if waiter.late and not is_ready(descriptor, wanted):
            raise timeout_exc

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
