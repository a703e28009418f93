"""A connection that listens to some channels, with the greenlet that reads it."""

import logging
from collections.abc import Callable, Iterable
from itertools import islice

import eventlet
from redis.connection import ConnectionInterface

from chatsite.bus.servers import Verbs

logger = logging.getLogger(__name__)

# Seconds to say what is wanted: ten thousand channels after a pause. No ack waits for it.
LONGEST = 5.0


class Moved(Exception):
    """The server ended a subscription that nobody ended here: the channel's slot is on another node now."""


class Link:
    """`heard(channel, data)` for each message, `confirmed(channel)` once each channel is listened to. `lost()` when it
    ended, whatever ended it, and not before."""

    def __init__(
        self,
        connection: ConnectionInterface,
        verbs: Verbs,
        heard: Callable[[str, bytes], None],
        confirmed: Callable[[str], None],
        lost: Callable[[], None],
    ) -> None:
        self.connection, self.verbs = connection, verbs
        self.heard, self.confirmed, self.lost = heard, confirmed, lost
        self.channels: set[str] = set()
        self.alive = True
        connection.connect()
        self._reader = eventlet.spawn(self._read)

    def subscribe(self, channels: Iterable[str]) -> None:
        fresh = [channel for channel in channels if channel not in self.channels]
        self.channels.update(fresh)
        self._say(self.verbs.subscribe, fresh)

    def unsubscribe(self, channels: Iterable[str]) -> None:
        ended = [channel for channel in channels if channel in self.channels]
        self.channels.difference_update(ended)
        self._say(self.verbs.unsubscribe, ended)

    def close(self) -> None:
        self.lost = lambda: None
        self._reader.kill()
        self.connection.disconnect()

    def _say(self, verb: str, channels: list[str]) -> None:
        """Raises what the connection raises, or TimeoutError."""
        rest = iter(channels)
        commands = []
        while some := list(islice(rest, self.verbs.at_once)):
            commands.append((verb, *some))
        if commands:
            with eventlet.Timeout(LONGEST, TimeoutError("Redis takes nothing")):
                self.connection.send_packed_command(
                    self.connection.pack_commands(commands), check_health=False
                )

    def _read(self) -> None:
        try:
            while True:
                # Without an end: whether anything can be heard at all is the canary's to find out.
                self._take(self.connection.read_response(timeout=None, disconnect_on_error=False))
        except Exception as error:
            logger.warning("The bus lost its connection: %s", error)
        finally:
            self.alive = False
            self.lost()

    def _take(self, reply: list[bytes]) -> None:
        channel = reply[1].decode()
        match reply[0]:
            case b"message" | b"smessage":
                self._hear(channel, reply[2])
            case b"subscribe" | b"ssubscribe" if channel in self.channels:
                self.confirmed(channel)
            case b"unsubscribe" | b"sunsubscribe" if channel in self.channels:
                raise Moved(channel)

    def _hear(self, channel: str, data: bytes) -> None:
        try:
            self.heard(channel, data)
        except Exception:
            logger.exception("A message of the bus could not be handled")
