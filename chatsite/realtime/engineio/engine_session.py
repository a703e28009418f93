"""One Engine.IO session: polling at first or a websocket from the start, and the way from one to the other."""

import logging
import sys
from typing import TYPE_CHECKING

from chatsite.realtime.engineio.heartbeat import Heartbeat
from chatsite.realtime.engineio.send_buffer import STALLED
from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.protocol import encoder, frames
from chatsite.realtime.scheduling.hub import clock

if TYPE_CHECKING:
    from chatsite.realtime.engineio.transport import EngineServer

logger = logging.getLogger("chatsite.realtime")

# Seconds from the probe to the upgrade, as in Socket.IO's own server.
UPGRADE = 10
# Bytes of an unfinished message after which it is looked at again how much its person has of them.
PARTS_STEP = 16 * 1024


class EngineSocket(Heartbeat):
    """`link` is the websocket, None while polling; `probe` is a websocket that asks to take over from polling."""

    __slots__ = ("address", "posting", "probe")

    def __init__(self, server: "EngineServer", sid: str, address: str) -> None:
        super().__init__(server, sid)
        # The same few addresses come again and again, each time as a new string.
        self.address = sys.intern(address)
        self.probe: WebSocket | None = None
        self.posting = False

    def message(self, link: WebSocket, message: frames.Message) -> None:
        if self.closed:
            return
        self.heard = True
        self.session.count(len(message.payload))
        if message.opcode == frames.TEXT:
            if link is self.probe:
                self._probed(link, message.text)
            else:
                self.receive_text(message.text)
        elif message.opcode == frames.CLOSE:
            self._closed_by_peer(link, message.payload)
        elif message.opcode == frames.PING:
            self._answer_ping(link, message.payload)
        elif message.opcode == frames.BINARY:
            self.broken(link, frames.WebSocketError(frames.UNSUPPORTED, "binary"))

    def unfinished(self, link: WebSocket, size: int, fragments: int) -> None:
        """Part of a message has come, which may be large, slow or in a thousand fragments."""
        if self.closed:
            return
        self.session.count_part(fragments)
        kept = link.kept
        if kept < frames.EARLY_BYTES or kept // PARTS_STEP == (kept - size) // PARTS_STEP:
            return
        if link is self.probe or not self.session.may_keep_parts:
            self.broken(link, frames.WebSocketError(frames.TOO_BIG, "too much of unfinished messages"))

    @property
    def kept(self) -> int:
        """Bytes that wait for the rest of their message."""
        return 0 if self.link is None else self.link.kept

    def receive_text(self, text: str) -> None:
        """One Engine.IO packet of an open session."""
        kind = text[:1]
        if kind == "4":
            self.server.handlers["message"](self.sid, text[1:])
        elif text == "3":
            self.ponged()
        elif text == "1":
            self.close(reason=self.server.reason.CLIENT_DISCONNECT)
        elif text != "6":
            self.fail("not a packet of Engine.IO")

    def broken(self, link: WebSocket, error: frames.WebSocketError) -> None:
        if link is self.probe:
            self.drop_probe()
        else:
            self.fail(str(error), error.code)

    def lost(self, link: WebSocket) -> None:
        link.close()
        if link is self.probe:
            self.probe, self.upgrading = None, False
        else:
            self.link = None
            self.outbox.clear()
            self.close(reason=self.server.reason.TRANSPORT_CLOSE)

    def _closed_by_peer(self, link: WebSocket, payload: bytes) -> None:
        if link is self.probe:
            self.drop_probe()
        else:
            code = int.from_bytes(payload[:2], "big") if payload else frames.NORMAL
            self.close(reason=self.server.reason.CLIENT_DISCONNECT, code=code)

    def _answer_ping(self, link: WebSocket, payload: bytes) -> None:
        frame = frames.frame(payload, frames.PONG)
        if link is self.probe:
            self._tell_probe(link, frame)
        else:
            self.push(frame)

    # From polling to websocket

    def offer(self, link: WebSocket) -> None:
        """A websocket that names this polling session. It has 10 s to probe and to take over."""
        self.probe = link
        clock.after(UPGRADE, lambda: self._end_probe(link))

    def _end_probe(self, link: WebSocket) -> None:
        if link is self.probe:
            self.drop_probe()

    def _probed(self, link: WebSocket, text: str) -> None:
        if text == "2probe":
            self.upgrading = True
            self._tell_probe(link, encoder.PROBED)
            # The client waits for its poll to end before it says "5".
            if self.poll is not None:
                self.push(encoder.NOOP)
        elif text == "5" and self.upgrading:
            self._upgrade(link)
        else:
            self.drop_probe()

    def _tell_probe(self, link: WebSocket, frame: bytes) -> None:
        try:
            if link.send(frame) == len(frame):
                return
        except OSError:
            pass
        self.drop_probe()

    def _upgrade(self, link: WebSocket) -> None:
        self.link, self.probe = link, None
        self.upgrading, self.upgraded = False, True
        self.release_poll()
        self.flush()

    def drop_probe(self) -> None:
        """The upgrade failed; polling goes on."""
        link, self.probe, self.upgrading = self.probe, None, False
        if link is not None:
            link.close()

    # The end

    def fail(self, why: str, code: int = frames.PROTOCOL) -> None:
        """The client broke a protocol: one line in the log, and the end."""
        if not self.closed:
            logger.warning("closing %s: %s", self.called, why)
            self.close(reason=self.server.reason.TRANSPORT_ERROR, code=code)

    def close(
        self, wait: bool = True, abort: bool = False, reason: str | None = None, code: int = frames.NORMAL
    ) -> None:
        """The one way a session ends. What is queued still goes out, in front of a close."""
        if self.closed:
            return
        self.closed = self.closing = True
        self.server.ended(self, reason or self.server.reason.SERVER_DISCONNECT)
        self.drop_probe()
        link = self.link
        if link is not None:
            link.pause()
            self.outbox.append(frames.close_frame(code))
            self._write(link)
            clock.after(STALLED, link.reset)
        else:
            self.release_poll()
