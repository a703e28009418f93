"""A connection that listens to some channels, with the greenlet that reads it."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable

import eventlet
from redis.connection import ConnectionInterface

from chatsite.database.chunks import chunked
from chatsite.realtime.cluster.topology import Verbs

logger = logging.getLogger(__name__)

# Seconds to say what is wanted: ten thousand channels after a pause. No ack waits for it.
LONGEST = 5.0
# Looks without a word since. After one, Redis is asked to say something; after so many, the connection is dead, whatever
# TCP thinks: that sends again at ever longer intervals, and after a cut of 3 s may be silent for 3 s more.
ASK, DEAD = 1, 5


class Moved(Exception):
    """The server ended a subscription that nobody ended here: the channel's slot is on another node now."""


class Subscriber:
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
        # Of which the server hasn't said yet that it ended them, as it was asked to; they may be listened to again by then.
        self._ending: Counter[str] = Counter()
        self.alive = True
        self._silences = 0
        connection.connect()
        self._reader = eventlet.spawn(self._read)

    def subscribe(self, channels: Iterable[str]) -> None:
        fresh = [channel for channel in channels if channel not in self.channels]
        self.channels.update(fresh)
        self._say(self.verbs.subscribe, fresh)

    def unsubscribe(self, channels: Iterable[str]) -> None:
        ended = [channel for channel in channels if channel in self.channels]
        self.channels.difference_update(ended)
        self._ending.update(ended)
        self._say(self.verbs.unsubscribe, ended)

    def look(self) -> None:
        """To be called every so often. Raises what the connection raises, or TimeoutError when it is silent.

        Looks are counted, and not seconds: to a process that was held up itself, Redis wasn't silent."""
        if self._silences == ASK:
            self._send([("PING",)])
        self._silences += 1
        if self._silences >= DEAD:
            raise TimeoutError("Redis is silent")

    def close(self) -> None:
        self.lost = lambda: None
        self._reader.kill()
        self.connection.disconnect()

    def _say(self, verb: str, channels: list[str]) -> None:
        """Raises what the connection raises, or TimeoutError."""
        commands = [(verb, *some) for some in chunked(channels, self.verbs.at_once)]
        if commands:
            self._send(commands)

    def _send(self, commands: list[tuple[str, ...]]) -> None:
        with eventlet.Timeout(LONGEST, TimeoutError("Redis takes nothing")):
            self.connection.send_packed_command(self.connection.pack_commands(commands), check_health=False)

    def _read(self) -> None:
        try:
            while True:
                # Without an end: whether anything can be heard at all is for `look` to find out.
                reply = self.connection.read_response(timeout=None, disconnect_on_error=False)
                self._silences = 0
                # Where nothing is listened to, what was asked by `look` is answered by a word and not by a list.
                if isinstance(reply, list):
                    self._take(reply)
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
            case b"unsubscribe" | b"sunsubscribe":
                self._ended(channel)

    def _ended(self, channel: str) -> None:
        if channel in self._ending:
            self._ending -= Counter([channel])
        elif channel in self.channels:
            raise Moved(channel)

    def _hear(self, channel: str, data: bytes) -> None:
        try:
            self.heard(channel, data)
        except Exception:
            logger.exception("A message of the bus could not be handled")
