"""The upgrade of a polling session: a websocket that names the session, probes, and takes over."""

from typing import TYPE_CHECKING, Any

from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.protocol import frames, packets
from chatsite.realtime.scheduling.hub import clock

if TYPE_CHECKING:
    from chatsite.realtime.engineio.engine_session import EngineSocket

# Seconds that a probing websocket has for the upgrade, as in Socket.IO's own server.
UPGRADE_SECONDS = 10


class Probe:
    """Owns the websocket until it takes over: it says "2probe", is answered "3probe", and says "5"."""

    __slots__ = ("_session", "websocket")

    def __init__(self, session: "EngineSocket", raw: Any) -> None:
        self._session = session
        self.websocket = WebSocket(raw, self)
        clock.after(UPGRADE_SECONDS, self.drop)

    def drop(self) -> None:
        """Give up the upgrade, unless it is done; polling goes on."""
        if self._session.probe is self:
            self._session.drop_probe()

    def message(self, websocket: WebSocket, message: frames.Message) -> None:
        session = self._session
        if session.closed:
            return
        session.heard_since_ping = True
        session.session.count(len(message.payload))
        if message.opcode == frames.TEXT:
            self._handle(message.text)
        elif message.opcode == frames.PING:
            self.send(frames.frame(message.payload, frames.PONG))
        elif message.opcode != frames.PONG:
            self.drop()

    def _handle(self, text: str) -> None:
        session = self._session
        if text == "2probe":
            session.upgrading = True
            self.send(packets.PROBED_FRAME)
            # The client waits for its poll to end before it sends "5".
            if session.poll is not None:
                session.push(packets.NOOP_FRAME)
        elif text == "5" and session.upgrading:
            session.upgrade(self.websocket)
        else:
            self.drop()

    def send(self, frame: bytes) -> None:
        """Send a frame; the upgrade is given up where the kernel doesn't take all of it."""
        try:
            if self.websocket.send(frame) == len(frame):
                return
        except OSError:
            pass
        self.drop()

    def unfinished(self, websocket: WebSocket, size: int, fragments: int) -> None:
        if self._session.closed:
            return
        self._session.session.count_part(fragments)
        if websocket.unfinished_bytes >= frames.UNAUTHENTICATED_MESSAGE_BYTES:
            self.drop()

    def broken(self, websocket: WebSocket, error: frames.WebSocketError) -> None:
        self.drop()

    def lost(self, websocket: WebSocket) -> None:
        self.drop()

    def writable(self, websocket: WebSocket) -> None:
        """Never called: a probe doesn't wait until it can write."""
