"""A connection that listens to some channels, with the greenlet that reads it."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable

import eventlet
from redis.connection import ConnectionInterface

from chatsite.database.chunks import chunked
from chatsite.realtime.cluster.topology import Verbs

logger = logging.getLogger(__name__)

# Seconds to send subscriptions: ten thousand channels after a pause. No ack waits for it.
SEND_TIMEOUT_SECONDS = 5.0
# Checks without a message from Redis after which it is pinged, and after which the connection is dead,
# whatever TCP thinks: TCP sends again at ever longer intervals, and after a cut of 3 s may be silent for 3 s
# more.
PING_AFTER_CHECKS, DEAD_AFTER_CHECKS = 1, 5


class Moved(Exception):
    """The server ended a subscription that nobody ended here: the channel's slot is on another node now."""


class Subscriber:
    """Calls `on_message(channel, data)` for each message, `on_confirmed(channel)` once a channel is
    subscribed, and `on_lost()` at the connection's end, whatever ended it."""

    def __init__(
        self,
        connection: ConnectionInterface,
        verbs: Verbs,
        on_message: Callable[[str, bytes], None],
        on_confirmed: Callable[[str], None],
        on_lost: Callable[[], None],
    ) -> None:
        self.connection, self.verbs = connection, verbs
        self.on_message, self.on_confirmed, self.on_lost = on_message, on_confirmed, on_lost
        self.channels: set[str] = set()
        # Unsubscribed channels that the server hasn't confirmed; they may be subscribed again by then.
        self._ending: Counter[str] = Counter()
        self.alive = True
        self._silences = 0
        connection.connect()
        self._reader = eventlet.spawn(self._read)

    def subscribe(self, channels: Iterable[str]) -> None:
        fresh = [channel for channel in channels if channel not in self.channels]
        self.channels.update(fresh)
        self._send_verb(self.verbs.subscribe, fresh)

    def unsubscribe(self, channels: Iterable[str]) -> None:
        ended = [channel for channel in channels if channel in self.channels]
        self.channels.difference_update(ended)
        self._ending.update(ended)
        self._send_verb(self.verbs.unsubscribe, ended)

    def check_alive(self) -> None:
        """Count a check without a message. Raises what the connection raises, or TimeoutError when it is
        silent.

        Checks are counted, and not seconds: where this process itself was held up, Redis wasn't silent.
        """
        if self._silences == PING_AFTER_CHECKS:
            self._send([("PING",)])
        self._silences += 1
        if self._silences >= DEAD_AFTER_CHECKS:
            raise TimeoutError("Redis is silent")

    def close(self) -> None:
        self.on_lost = lambda: None
        self._reader.kill()
        self.connection.disconnect()

    def _send_verb(self, verb: str, channels: list[str]) -> None:
        """Send a verb with these channels. Raises what the connection raises, or TimeoutError."""
        commands = [(verb, *some) for some in chunked(channels, self.verbs.channels_per_command)]
        if commands:
            self._send(commands)

    def _send(self, commands: list[tuple[str, ...]]) -> None:
        with eventlet.Timeout(SEND_TIMEOUT_SECONDS, TimeoutError("Redis takes nothing")):
            self.connection.send_packed_command(self.connection.pack_commands(commands), check_health=False)

    def _read(self) -> None:
        try:
            while True:
                # No timeout: `check_alive` finds out whether anything arrives.
                reply = self.connection.read_response(timeout=None, disconnect_on_error=False)
                self._silences = 0
                # Without subscriptions, a PING is answered by a word and not by a list.
                if isinstance(reply, list):
                    self._take(reply)
        except Exception as error:
            logger.warning("The bus lost its connection: %s", error)
        finally:
            self.alive = False
            self.on_lost()

    def _take(self, reply: list[bytes]) -> None:
        channel = reply[1].decode()
        match reply[0]:
            case b"message" | b"smessage":
                self._receive(channel, reply[2])
            case b"subscribe" | b"ssubscribe" if channel in self.channels:
                self.on_confirmed(channel)
            case b"unsubscribe" | b"sunsubscribe":
                self._ended(channel)

    def _ended(self, channel: str) -> None:
        if channel in self._ending:
            self._ending -= Counter([channel])
        elif channel in self.channels:
            raise Moved(channel)

    def _receive(self, channel: str, data: bytes) -> None:
        try:
            self.on_message(channel, data)
        except Exception:
            logger.exception("A message of the bus could not be handled")
