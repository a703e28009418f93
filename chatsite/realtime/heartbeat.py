"""The server asks, the client answers: who is silent for too long is gone."""

from time import monotonic
from typing import TYPE_CHECKING

from chatsite.realtime import wire
from chatsite.realtime.loop import clock
from chatsite.realtime.outbox import Outbox

if TYPE_CHECKING:
    from chatsite.realtime.transport import EngineServer


class Heartbeat(Outbox):
    """`heard` is when the client last sent anything; `pinged` is when the open ping was sent, or 0."""

    __slots__ = ("heard", "pinged")

    def __init__(self, server: "EngineServer", sid: str) -> None:
        super().__init__(server, sid)
        self.heard = monotonic()
        self.pinged = 0.0

    def ping(self) -> None:
        if self.closed:
            return
        self.pinged = monotonic()
        self.push(wire.PING)
        clock.after(self.server.ping_timeout, self._check_pong)

    def ponged(self) -> None:
        if self.pinged:
            self.pinged = 0.0
            clock.after(self.server.ping_interval, self.ping)

    def _check_pong(self) -> None:
        if self.closed or not self.pinged:
            return
        if self.heard > self.pinged or (self.link is not None and self.link.paused):
            # It lives: its pong waits behind what it is still sending, or behind what we don't read yet.
            self.pinged = monotonic()
            clock.after(self.server.ping_timeout, self._check_pong)
        else:
            self.close(reason=self.server.reason.PING_TIMEOUT)
