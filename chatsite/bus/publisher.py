"""Sends commands to Redis from one greenlet, many at once. Whoever gives it something never waits.

What can't be sent is dropped and counted: it was a hint. `missed` is told of it once Redis takes something again.
"""

import logging
import random
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

import eventlet
from redis.connection import ConnectionInterface
from redis.exceptions import (
    ClusterDownError,
    ConnectionError,  # noqa: A004
    MovedError,
    ReadOnlyError,
    RedisError,
    TimeoutError,  # noqa: A004
)

from chatsite.bus.bell import Bell
from chatsite.bus.servers import Server

logger = logging.getLogger(__name__)

# Commands sent in one go.
AT_ONCE = 500
# What may wait: some seconds of a busy site. In bytes, each command counted with what it costs to keep.
MOST = 16 * 1024 * 1024
OVERHEAD = 200
# Names of which it is known that something to them was lost; beyond, it may have been any.
REMEMBERED = 1000
# Seconds between two attempts while Redis is away.
PAUSE = (0.1, 0.6)


class Command(NamedTuple):
    """`name` is the channel or key, which says where it goes."""

    name: str
    words: tuple[str | bytes | int | float, ...]
    size: int


PROBE = Command("", ("PING",), 0)


class Publisher:
    """`missed(names)` gets the names to which something was dropped; None stands for any."""

    def __init__(self, server: Server, missed: Callable[[set[str] | None], None]) -> None:
        self.server, self.missed = server, missed
        # Called where what is published has to go elsewhere from now on, and what is listened to is elsewhere, too.
        self.moved: Callable[[], None] = lambda: None
        self.sent = self.dropped = 0
        self._queue: deque[Command] = deque()
        self._size = 0
        self._failed = self._refused = False
        self._lost: set[str] | None = set()
        self._bell = Bell()
        self._connections: dict[str, ConnectionInterface] = {}

    def start(self) -> None:
        self._greenlet = eventlet.spawn(self._run)

    def stop(self) -> None:
        self._greenlet.kill()
        self._close()

    def publish(self, channel: str, data: bytes) -> None:
        self.put(channel, self.server.verbs.publish, channel, data)

    def put(self, name: str, *words: str | bytes | int | float) -> None:
        """A command whose answer doesn't matter."""
        size = OVERHEAD + sum(len(word) for word in words if isinstance(word, str | bytes))
        command = Command(name, words, size)
        if self._size + size > MOST:
            self._drop([command])
            return
        self._queue.append(command)
        self._size += size
        self._bell.ring()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def _run(self) -> None:
        while True:
            self._bell.wait()
            while self._queue or self._lost != set():
                # Something was lost, and nothing waits: is Redis back?
                some = [self._take() for _ in range(min(AT_ONCE, len(self._queue)))]
                self._attempt(some or [PROBE])

    def _take(self) -> Command:
        command = self._queue.popleft()
        self._size -= command.size
        return command

    def _attempt(self, commands: list[Command]) -> None:
        try:
            self._send(commands)
        except Exception as error:
            if self._lost == set():
                logger.warning("Redis is away, and other processes hear nothing: %s", error)
            # These were on their way, perhaps. What waits may go out at the next attempt, but no later.
            self._drop(commands)
            if self._failed:
                self._drop([self._take() for _ in range(len(self._queue))])
            self._failed = True
            self._close()
            eventlet.sleep(random.uniform(*PAUSE))
        else:
            self._failed = False
            self.sent += len(commands)
            self._recover()

    def _send(self, commands: list[Command]) -> None:
        places: dict[str, list[Command]] = {}
        for command in commands:
            places.setdefault(self.server.place(command.name), []).append(command)
        for place, some in places.items():
            connection = self._connections.get(place) or self._connect(place)
            connection.send_packed_command(connection.pack_commands([command.words for command in some]))
            for command in some:
                self._answer(connection, command)

    def _connect(self, place: str) -> ConnectionInterface:
        connection = self._connections[place] = self.server.connection(place)
        connection.connect()
        return connection

    def _answer(self, connection: ConnectionInterface, command: Command) -> None:
        try:
            connection.read_response()
        except (MovedError, ReadOnlyError):
            # To another node of the Cluster, or to another master.
            self.moved()
            self.server.refresh()
            raise
        except (ConnectionError, TimeoutError, ClusterDownError):
            raise
        except RedisError as error:
            # Such as an ACL: it would refuse the next one, too, and there is no use in trying again.
            self.dropped += 1
            if not self._refused:
                logger.warning("Redis refused %s: %s", command.words[0], error)
            self._refused = True

    def _drop(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self.dropped += command is not PROBE
            if self._lost is not None:
                self._lost.add(command.name)
                if len(self._lost) > REMEMBERED:
                    self._lost = None

    def _recover(self) -> None:
        if self._lost != set():
            lost, self._lost = self._lost, set()
            self.missed(lost)

    def _close(self) -> None:
        for connection in self._connections.values():
            connection.disconnect()
        self._connections.clear()
