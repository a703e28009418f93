"""Send commands to Redis from one greenlet, many at once. Callers never wait.

What can't be sent is dropped and counted: it was a hint. `missed` is called once Redis accepts commands
again.
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

# Commands sent in one write.
COMMANDS_PER_SEND = 500
# Bytes that may wait, some seconds of a busy site; each command counts with what it costs to keep.
MAX_QUEUED_BYTES = 16 * 1024 * 1024
COMMAND_OVERHEAD_BYTES = 200
# Names remembered as having missed something; beyond, any may have.
REMEMBERED_NAMES = 1000
# Seconds between two attempts while Redis is away.
RETRY_SECONDS = (0.1, 0.6)


class Command(NamedTuple):
    """A command for the node of the channel or key `name`. `size` is in bytes."""

    name: str
    words: tuple[str | bytes | int | float, ...]
    size: int


PROBE = Command("", ("PING",), 0)
# The node of all commands where there is one Redis, and of those whose node isn't known.
ANY_NODE = ""


class Publisher:
    """Calls `missed(names)` with the channels and keys whose commands were dropped; None for any."""

    def __init__(self, server: Server, missed: Callable[[set[str] | None], None]) -> None:
        self.server, self.missed = server, missed
        # Called when channels have moved to another node, subscriptions too.
        self.moved: Callable[[], None] = lambda: None
        self.sent = self.dropped = 0
        self._queue: deque[Command] = deque()
        self._size = 0
        self._refused = False
        self._lost: set[str] | None = set()
        self._wakeup = Wakeup()
        self._connections: dict[str, ConnectionInterface] = {}
        # By unreachable node: the greenlet that tries whether it is back.
        self._away: dict[str, Any] = {}

    def start(self) -> None:
        self._greenlet = eventlet.spawn(self._run)

    def stop(self) -> None:
        for greenlet in (self._greenlet, *self._away.values()):
            greenlet.kill()
        for node in list(self._connections):
            self._close(node)

    def publish(self, channel: str, data: bytes) -> None:
        self.put(channel, self.server.verbs.publish, channel, data)

    def put(self, name: str, *words: str | bytes | int | float) -> None:
        """Send a command whose answer doesn't matter."""
        size = COMMAND_OVERHEAD_BYTES + sum(len(word) for word in words if isinstance(word, str | bytes))
        command = Command(name, words, size)
        if self._size + size > MAX_QUEUED_BYTES:
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
                self._attempt([self._take() for _ in range(min(COMMANDS_PER_SEND, len(self._queue)))])
            self._recover()

    def _take(self) -> Command:
        command = self._queue.popleft()
        self._size -= command.size
        return command

    def _attempt(self, commands: list[Command]) -> None:
        """Send commands by node. Nobody waits for an unreachable node: its commands are dropped."""
        try:
            nodes = {} if ANY_NODE in self._away else self._by_node(commands)
        except Exception as error:
            self._lose(ANY_NODE, commands, error)
            return
        for node, some in (nodes or {ANY_NODE: commands}).items():
            if node in self._away:
                self._drop(some)
            else:
                self._reach(node, some)

    def _by_node(self, commands: list[Command]) -> dict[str, list[Command]]:
        nodes: dict[str, list[Command]] = {}
        for command in commands:
            nodes.setdefault(self.server.node(command.name), []).append(command)
        return nodes

    def _reach(self, node: str, commands: list[Command]) -> None:
        try:
            self._send(node, commands)
        except Exception as error:
            self._lose(node, commands, error)
        else:
            self.sent += len(commands)

    def _lose(self, node: str, commands: list[Command], error: Exception) -> None:
        """Drop commands that were perhaps on their way. Where only the connection had ended, go on at once."""
        if self._lost == set():
            logger.warning("Redis is away, and other processes hear nothing: %s", error)
        self._drop(commands)
        self._close(node)
        if not isinstance(error, ClusterDownError) and self._is_back(node):
            self._recover()
        else:
            self._away[node] = eventlet.spawn(self._seek, node)

    def _seek(self, node: str) -> None:
        """Wait until the node accepts commands again, or none is for it any more."""
        eventlet.sleep(random.uniform(*RETRY_SECONDS))
        while not self._is_back(node):
            eventlet.sleep(random.uniform(*RETRY_SECONDS))
        del self._away[node]
        self._recover()

    def _is_back(self, node: str) -> bool:
        try:
            self.server.refresh()
            if node in self.server.nodes():
                self._send(node, [PROBE])
        except Exception:
            self._close(node)
            return False
        return True

    def _send(self, node: str, commands: list[Command]) -> None:
        connection = self._connections.get(node) or self._connect(node)
        connection.send_packed_command(connection.pack_commands([command.words for command in commands]))
        for command in commands:
            self._answer(connection, command)

    def _connect(self, node: str) -> ConnectionInterface:
        connection = self._connections[node] = self.server.connection(node)
        connection.connect()
        return connection

    def _answer(self, connection: ConnectionInterface, command: Command) -> None:
        try:
            connection.read_response()
        except (MovedError, ReadOnlyError):
            # The key is on another node of the Cluster, or the master is another.
            self.moved()
            raise
        except (ConnectionError, TimeoutError):
            raise
        except (ClusterDownError, AskError, TryAgainError):
            # The key's slot is moving, or has no master yet. Whoever wrote it checks it again.
            self.dropped += 1
            if command.words[0] == self.server.verbs.publish:
                raise
        except RedisError as error:
            # Such as an ACL: it would refuse the next one, too, and trying again is of no use.
            self.dropped += 1
            if not self._refused:
                logger.warning("Redis refused %s: %s", command.words[0], error)
            self._refused = True

    def _drop(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self.dropped += 1
            if self._lost is not None:
                self._lost.add(command.name)
                if len(self._lost) > REMEMBERED_NAMES:
                    self._lost = None

    def _recover(self) -> None:
        """Call `missed` once all nodes are back; not before, as its messages might be for one of them."""
        if not self._away and self._lost != set():
            lost, self._lost = self._lost, set()
            self.missed(lost)

    def _close(self, node: str) -> None:
        connection = self._connections.pop(node, None)
        if connection is not None:
            connection.disconnect()
