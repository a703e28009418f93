"""One Engine.IO session: polling at first or a websocket from the start, and the upgrade from one to the
other."""

import logging
import sys
from typing import TYPE_CHECKING

from chatsite.realtime.engineio.heartbeat import Heartbeat
from chatsite.realtime.engineio.send_buffer import STALL_SECONDS
from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.protocol import encoder, frames
from chatsite.realtime.scheduling.hub import clock

if TYPE_CHECKING:
    from chatsite.realtime.engineio.transport import EngineServer

logger = logging.getLogger("chatsite.realtime")

# Seconds that a probing websocket has for the upgrade, as in Socket.IO's own server.
UPGRADE_SECONDS = 10
# Bytes of an unfinished message between two checks of what its person has of them in all.
PARTS_STEP = 16 * 1024


class EngineSocket(Heartbeat):
    """An Engine.IO session. `websocket` is None while polling; `probe` is a websocket that asks to take over
    from polling."""

    __slots__ = ("address", "posting", "probe")

    def __init__(self, server: "EngineServer", sid: str, address: str) -> None:
        super().__init__(server, sid)
        # Interned: the same few addresses come again and again, each time as a new string.
        self.address = sys.intern(address)
        self.probe: WebSocket | None = None
        self.posting = False

    def message(self, websocket: WebSocket, message: frames.Message) -> None:
        """Handle a whole message of the session's websocket or of its probe."""
        if self.closed:
            return
        self.heard_since_ping = True
        self.session.count(len(message.payload))
        if message.opcode == frames.TEXT:
            if websocket is self.probe:
                self._probed(websocket, message.text)
            else:
                self.receive_text(message.text)
        elif message.opcode == frames.CLOSE:
            self._closed_by_peer(websocket, message.payload)
        elif message.opcode == frames.PING:
            self._answer_ping(websocket, message.payload)
        elif message.opcode == frames.BINARY:
            self.broken(websocket, frames.WebSocketError(frames.UNSUPPORTED, "binary"))

    def unfinished(self, websocket: WebSocket, size: int, fragments: int) -> None:
        """Count part of a message: `size` bytes in `fragments` frames, with which a client may be large or
        slow."""
        if self.closed:
            return
        self.session.count_part(fragments)
        unfinished_bytes = websocket.unfinished_bytes
        if (
            unfinished_bytes < frames.UNAUTHENTICATED_MESSAGE_BYTES
            or unfinished_bytes // PARTS_STEP == (unfinished_bytes - size) // PARTS_STEP
        ):
            return
        if websocket is self.probe or not self.session.may_buffer_parts:
            self.broken(websocket, frames.WebSocketError(frames.TOO_BIG, "too much of unfinished messages"))

    @property
    def unfinished_bytes(self) -> int:
        """Bytes kept of the websocket's unfinished message."""
        return 0 if self.websocket is None else self.websocket.unfinished_bytes

    def receive_text(self, text: str) -> None:
        """Handle one Engine.IO packet of an open session."""
        kind = text[:1]
        if kind == "4":
            self.server.handlers["message"](self.sid, text[1:])
        elif text == "3":
            self.ponged()
        elif text == "1":
            self.close(reason=self.server.reason.CLIENT_DISCONNECT)
        elif text != "6":
            self.fail("not a packet of Engine.IO")

    def broken(self, websocket: WebSocket, error: frames.WebSocketError) -> None:
        """The websocket broke RFC 6455: end the session, or, of a probe, the upgrade."""
        if websocket is self.probe:
            self.drop_probe()
        else:
            self.fail(str(error), error.code)

    def lost(self, websocket: WebSocket) -> None:
        """The websocket's connection ended: end the session, or, of a probe, the upgrade."""
        websocket.close()
        if websocket is self.probe:
            self.probe, self.upgrading = None, False
        else:
            self.websocket = None
            self.outbox.clear()
            self.close(reason=self.server.reason.TRANSPORT_CLOSE)

    def _closed_by_peer(self, websocket: WebSocket, payload: bytes) -> None:
        if websocket is self.probe:
            self.drop_probe()
        else:
            code = int.from_bytes(payload[:2], "big") if payload else frames.NORMAL
            self.close(reason=self.server.reason.CLIENT_DISCONNECT, code=code)

    def _answer_ping(self, websocket: WebSocket, payload: bytes) -> None:
        frame = frames.frame(payload, frames.PONG)
        if websocket is self.probe:
            self._send_to_probe(websocket, frame)
        else:
            self.push(frame)

    # From polling to websocket

    def open_probe(self, websocket: WebSocket) -> None:
        """Let a websocket that names this polling session probe and take over, within UPGRADE_SECONDS."""
        self.probe = websocket
        clock.after(UPGRADE_SECONDS, lambda: self._end_probe(websocket))

    def _end_probe(self, websocket: WebSocket) -> None:
        if websocket is self.probe:
            self.drop_probe()

    def _probed(self, websocket: WebSocket, text: str) -> None:
        if text == "2probe":
            self.upgrading = True
            self._send_to_probe(websocket, encoder.PROBED)
            # The client waits for its poll to end before it sends "5".
            if self.poll is not None:
                self.push(encoder.NOOP)
        elif text == "5" and self.upgrading:
            self._upgrade(websocket)
        else:
            self.drop_probe()

    def _send_to_probe(self, websocket: WebSocket, frame: bytes) -> None:
        try:
            if websocket.send(frame) == len(frame):
                return
        except OSError:
            pass
        self.drop_probe()

    def _upgrade(self, websocket: WebSocket) -> None:
        self.websocket, self.probe = websocket, None
        self.upgrading, self.upgraded = False, True
        self.release_poll()
        self.flush()

    def drop_probe(self) -> None:
        """Give up the upgrade; polling goes on."""
        websocket, self.probe, self.upgrading = self.probe, None, False
        if websocket is not None:
            websocket.close()

    # The end

    def fail(self, why: str, code: int = frames.PROTOCOL) -> None:
        """Log that the client broke a protocol, and close."""
        if not self.closed:
            logger.warning("closing %s: %s", self.log_name, why)
            self.close(reason=self.server.reason.TRANSPORT_ERROR, code=code)

    def close(
        self, wait: bool = True, abort: bool = False, reason: str | None = None, code: int = frames.NORMAL
    ) -> None:
        """End the session, once; there is no other way. What is queued still goes out, followed by a close."""
        if self.closed:
            return
        self.closed = self.closing = True
        self.server.ended(self, reason or self.server.reason.SERVER_DISCONNECT)
        self.drop_probe()
        websocket = self.websocket
        if websocket is not None:
            websocket.pause()
            self.outbox.append(frames.close_frame(code))
            self._write(websocket)
            clock.after(STALL_SECONDS, websocket.reset)
        else:
            self.release_poll()
