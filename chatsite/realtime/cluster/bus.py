"""Channels between processes, kept up: what is subscribed stays so, whatever happens to Redis or the way
there.

Each process publishes a canary to a channel of its own and must receive it. A process that doesn't is deaf,
however well its connections look, and connects anew.
"""

import logging
import math
import random
import secrets
from collections.abc import Callable, Iterable
from time import monotonic

import eventlet

from chatsite.realtime.cluster.publisher import Publisher
from chatsite.realtime.cluster.subscriber import Subscriber
from chatsite.realtime.cluster.topology import Server
from chatsite.realtime.cluster.wakeup import Wakeup

logger = logging.getLogger(__name__)

# Seconds between two canaries; and without one until a process is deaf: two that were lost, and what one
# takes.
CANARY_SECONDS = 5.0
DEAF_SECONDS = 2 * CANARY_SECONDS + 0.5
# Seconds until a new connection has confirmed all its channels.
CONFIRM_SECONDS = 10.0
# Seconds between two checks of the connections. A dead one is dropped after 2.5 s: what TCP sends again after
# a shorter cut comes within 1.6 s of its end.
CHECK_SECONDS = 0.5
# Seconds between two attempts to connect, at random: all processes come back at once, but not in the same
# moment.
RECONNECT_SECONDS = (0.1, 0.8)

OnMessage = Callable[[str, bytes], None]


class Lost(Exception):
    """A subscription or connection has ended."""


class Bus:
    """Calls `on_message(channel, data)` for each message, also this process's own.

    `on_up()` is called whenever all channels are subscribed again: messages since the last time are missed.
    `on_fresh(channel)` is called when one more channel is subscribed. `on_missed(channels)` is called when
    messages of this process didn't go out to these channels, None for any.
    """

    def __init__(self, server: Server, prefix: str) -> None:
        self.server, self.prefix = server, prefix
        self.worker = secrets.token_hex(4)
        self.publisher = Publisher(server, self._missed)
        self.on_message: OnMessage = lambda channel, data: None
        self.on_up: Callable[[], None] = lambda: None
        self.on_fresh: Callable[[str], None] = lambda channel: None
        self.on_missed: Callable[[set[str] | None], None] = lambda channels: None
        self.up = False
        self.received = 0
        # Seconds that the last canary took.
        self.lag = 0.0
        self._canary = f"{prefix}worker:{self.worker}"
        self._heard_at = self._checked_at = monotonic()
        self._subscribers: dict[str, Subscriber] = {}
        self._wanted: set[str] = {self._canary}
        self._confirmed: set[str] = set()
        self._changed: set[str] = set()
        self._wakeup = Wakeup()
        self._moved = False
        self.publisher.moved = self._move

    @property
    def canary_age(self) -> float:
        """Seconds since the last canary was received."""
        return monotonic() - self._heard_at

    @property
    def deaf(self) -> bool:
        return self.canary_age > DEAF_SECONDS

    def start(self) -> None:
        self._heard_at = monotonic()
        self.publisher.start()
        self._keeper = eventlet.spawn(self._keep)

    def stop(self) -> None:
        self._keeper.kill()
        self.publisher.stop()
        self._disconnect()

    def publish(self, channel: str, data: bytes) -> None:
        """Publish `data`. Never waits, never raises: what can't go out is dropped."""
        self.publisher.publish(self.prefix + channel, data)

    def subscribe(self, channel: str) -> None:
        self._change(self.prefix + channel, self._wanted.add)

    def unsubscribe(self, channel: str) -> None:
        self._change(self.prefix + channel, self._wanted.discard)

    def _change(self, name: str, change: Callable[[str], None]) -> None:
        change(name)
        self._changed.add(name)
        self._wakeup.set()

    def _keep(self) -> None:
        told = False
        while True:
            try:
                self._connect()
                told = False
                self._serve()
            except Exception as error:
                if not told:
                    logger.warning("The bus is down, and tries again: %s", error)
                told = True
            self._disconnect()
            eventlet.sleep(random.uniform(*RECONNECT_SECONDS))

    def _connect(self) -> None:
        """Connect, and subscribe to all wanted channels."""
        self._moved = False
        self.server.refresh()
        self._changed.clear()
        self._subscribe(set(self._wanted))
        deadline = monotonic() + CONFIRM_SECONDS
        while not self._confirmed.issuperset(self._wanted - self._changed):
            self._wait()
            if monotonic() > deadline:
                raise Lost("Redis doesn't confirm what is subscribed")
        self.up = True
        self._send_canary()
        self.on_up()

    def _serve(self) -> None:
        """Keep up the subscriptions until something is lost."""
        since = said = monotonic()
        while True:
            self._flush()
            self._wait()
            now = monotonic()
            if now - said >= CANARY_SECONDS:
                said = now
                self._send_canary()
            if self._moved:
                raise Lost("the channels are elsewhere now")
            if self.deaf and now - since > DEAF_SECONDS:
                raise Lost("the canary wasn't heard")

    def _move(self) -> None:
        self._moved = True
        self._wakeup.set()

    def _wait(self) -> None:
        """Wait for a wakeup or the next check. Raises where a connection is dead."""
        self._wakeup.wait(max(0.0, self._checked_at + CHECK_SECONDS - monotonic()))
        due = monotonic() >= self._checked_at + CHECK_SECONDS
        self._checked_at = monotonic() if due else self._checked_at
        for subscriber in self._subscribers.values():
            if not subscriber.alive:
                raise Lost("a connection ended")
            if due:
                subscriber.check_alive()

    def _flush(self) -> None:
        changed, self._changed = self._changed, set()
        self._subscribe(changed & self._wanted)
        for node, names in self._by_node(changed - self._wanted).items():
            self._confirmed.difference_update(names)
            if node in self._subscribers:
                self._subscribers[node].unsubscribe(names)

    def _subscribe(self, names: Iterable[str]) -> None:
        for node, some in self._by_node(names).items():
            if node not in self._subscribers:
                self._subscribers[node] = Subscriber(
                    self.server.connection(node),
                    self.server.verbs,
                    self._receive,
                    self._confirm,
                    self._wakeup.set,
                )
            self._subscribers[node].subscribe(some)

    def _by_node(self, names: Iterable[str]) -> dict[str, list[str]]:
        nodes: dict[str, list[str]] = {}
        for name in names:
            nodes.setdefault(self.server.node(name), []).append(name)
        return nodes

    def _confirm(self, name: str) -> None:
        self._confirmed.add(name)
        if self.up:
            self.on_fresh(name.removeprefix(self.prefix))
        elif self._confirmed.issuperset(self._wanted - self._changed):
            self._wakeup.set()

    def _disconnect(self) -> None:
        self.up = False
        subscribers, self._subscribers = self._subscribers, {}
        self._confirmed.clear()
        for subscriber in subscribers.values():
            subscriber.close()

    def _send_canary(self) -> None:
        self.publisher.publish(self._canary, str(monotonic()).encode())

    def _receive(self, name: str, data: bytes) -> None:
        self.received += len(data)
        if name == self._canary:
            self._receive_canary(data)
        else:
            self.on_message(name.removeprefix(self.prefix), data)

    def _receive_canary(self, data: bytes) -> None:
        """Take our own canary, which says when it was sent. Anybody who may write to Redis may write to that
        channel."""
        now = monotonic()
        lag = now - sent_at(data)
        # Only for a time in the past; NaN isn't one either.
        if 0.0 <= lag <= now:
            self.lag, self._heard_at = lag, now

    def _missed(self, names: set[str] | None) -> None:
        self._send_canary()
        self.on_missed(names and {name.removeprefix(self.prefix) for name in names})


def sent_at(canary: bytes) -> float:
    """Return the canary's time; NaN for what is no number."""
    try:
        return float(canary)
    except ValueError:
        return math.nan
