"""Sends commands to Redis from one greenlet, many at once. Whoever gives it something never waits.

What can't be sent is dropped and counted: it was a hint. `missed` is told of it once Redis takes something again.
"""

import logging
import random
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import eventlet
from redis.connection import ConnectionInterface
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,  # noqa: A004
    MovedError,
    ReadOnlyError,
    RedisError,
    TimeoutError,  # noqa: A004
    TryAgainError,
)

from chatsite.realtime.cluster.topology import Server
from chatsite.realtime.cluster.wakeup import Wakeup

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
# Where commands are while it isn't known where they should go. The place of all, where there is one Redis.
NOWHERE = ""


class Publisher:
    """`missed(names)` gets the names to which something was dropped; None stands for any."""

    def __init__(self, server: Server, missed: Callable[[set[str] | None], None]) -> None:
        self.server, self.missed = server, missed
        # Called where what is published has to go elsewhere from now on, and what is listened to is elsewhere, too.
        self.moved: Callable[[], None] = lambda: None
        self.sent = self.dropped = 0
        self._queue: deque[Command] = deque()
        self._size = 0
        self._refused = False
        self._lost: set[str] | None = set()
        self._wakeup = Wakeup()
        self._connections: dict[str, ConnectionInterface] = {}
        # The nodes that are away, and who tries whether they are back.
        self._away: dict[str, Any] = {}

    def start(self) -> None:
        self._greenlet = eventlet.spawn(self._run)

    def stop(self) -> None:
        for greenlet in (self._greenlet, *self._away.values()):
            greenlet.kill()
        for place in list(self._connections):
            self._close(place)

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
        self._wakeup.set()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def _run(self) -> None:
        while True:
            self._wakeup.wait()
            while self._queue:
                self._attempt([self._take() for _ in range(min(AT_ONCE, len(self._queue)))])
            self._recover()

    def _take(self) -> Command:
        command = self._queue.popleft()
        self._size -= command.size
        return command

    def _attempt(self, commands: list[Command]) -> None:
        """Nobody waits for a node that is away: what is for it is dropped."""
        try:
            places = {} if NOWHERE in self._away else self._by_place(commands)
        except Exception as error:
            self._lose(NOWHERE, commands, error)
            return
        for place, some in (places or {NOWHERE: commands}).items():
            if place in self._away:
                self._drop(some)
            else:
                self._reach(place, some)

    def _by_place(self, commands: list[Command]) -> dict[str, list[Command]]:
        places: dict[str, list[Command]] = {}
        for command in commands:
            places.setdefault(self.server.place(command.name), []).append(command)
        return places

    def _reach(self, place: str, commands: list[Command]) -> None:
        try:
            self._send(place, commands)
        except Exception as error:
            self._lose(place, commands, error)
        else:
            self.sent += len(commands)

    def _lose(self, place: str, commands: list[Command], error: Exception) -> None:
        """These were on their way, perhaps. Where only the connection had ended, it goes on at once."""
        if self._lost == set():
            logger.warning("Redis is away, and other processes hear nothing: %s", error)
        self._drop(commands)
        self._close(place)
        if not isinstance(error, ClusterDownError) and self._is_back(place):
            self._recover()
        else:
            self._away[place] = eventlet.spawn(self._seek, place)

    def _seek(self, place: str) -> None:
        """Until that node takes something again, or nothing is for it any more."""
        eventlet.sleep(random.uniform(*PAUSE))
        while not self._is_back(place):
            eventlet.sleep(random.uniform(*PAUSE))
        del self._away[place]
        self._recover()

    def _is_back(self, place: str) -> bool:
        try:
            self.server.refresh()
            if place in self.server.places():
                self._send(place, [PROBE])
        except Exception:
            self._close(place)
            return False
        return True

    def _send(self, place: str, commands: list[Command]) -> None:
        connection = self._connections.get(place) or self._connect(place)
        connection.send_packed_command(connection.pack_commands([command.words for command in commands]))
        for command in commands:
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
            raise
        except (ConnectionError, TimeoutError):
            raise
        except (ClusterDownError, AskError, TryAgainError):
            # A key's slot is on its way, or has no master yet. Who wrote it looks at it again.
            self.dropped += 1
            if command.words[0] == self.server.verbs.publish:
                raise
        except RedisError as error:
            # Such as an ACL: it would refuse the next one, too, and there is no use in trying again.
            self.dropped += 1
            if not self._refused:
                logger.warning("Redis refused %s: %s", command.words[0], error)
            self._refused = True

    def _drop(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self.dropped += 1
            if self._lost is not None:
                self._lost.add(command.name)
                if len(self._lost) > REMEMBERED:
                    self._lost = None

    def _recover(self) -> None:
        """When all nodes are back, and not before: the word that something was missed might be for one of them."""
        if not self._away and self._lost != set():
            lost, self._lost = self._lost, set()
            self.missed(lost)

    def _close(self, place: str) -> None:
        connection = self._connections.pop(place, None)
        if connection is not None:
            connection.disconnect()
