"""Channels between processes, kept up: what is subscribed stays so, whatever happens to Redis or the way there.

A worker says a canary into a channel of its own and must hear it. Who doesn't is deaf, however well its connections
look, and begins anew.
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

# Seconds between two canaries. After two that weren't heard, and what one takes, a worker is deaf.
CANARY = 5.0
DEAF = 2 * CANARY + 0.5
# Seconds until a new connection has confirmed all its channels.
CONFIRM = 10.0
# Seconds between two looks at the connections. A dead one is dropped after 2.5 s: what TCP sends again after a shorter cut
# comes within 1.6 s of its end.
LOOK = 0.5
# Seconds between two attempts to connect, at random: all workers come back at once, but not in the same moment.
PAUSE = (0.1, 0.8)

Hear = Callable[[str, bytes], None]


class Lost(Exception):
    """Something that was listened to isn't any more."""


class Bus:
    """`on_message(channel, data)` for each message, one's own too. `on_up()` each time when all is listened to again,
    and what was said meanwhile is missed; `on_fresh(channel)` when one more channel is. `on_missed(channels)` when what
    was published here didn't go out; None stands for any channel."""

    def __init__(self, server: Server, prefix: str) -> None:
        self.server, self.prefix = server, prefix
        self.worker = secrets.token_hex(4)
        self.publisher = Publisher(server, self._missed)
        self.on_message: Hear = lambda channel, data: None
        self.on_up: Callable[[], None] = lambda: None
        self.on_fresh: Callable[[str], None] = lambda channel: None
        self.on_missed: Callable[[set[str] | None], None] = lambda channels: None
        self.up = False
        self.received = 0
        # Seconds a canary took.
        self.lag = 0.0
        self._canary = f"{prefix}worker:{self.worker}"
        self._heard_at = self._looked = monotonic()
        self._links: dict[str, Subscriber] = {}
        self._wanted: set[str] = {self._canary}
        self._confirmed: set[str] = set()
        self._changed: set[str] = set()
        self._wakeup = Wakeup()
        self._moved = False
        self.publisher.moved = self._move

    @property
    def canary_age(self) -> float:
        """Seconds since the last one was heard."""
        return monotonic() - self._heard_at

    @property
    def deaf(self) -> bool:
        return self.canary_age > DEAF

    def start(self) -> None:
        self._heard_at = monotonic()
        self.publisher.start()
        self._keeper = eventlet.spawn(self._keep)

    def stop(self) -> None:
        self._keeper.kill()
        self.publisher.stop()
        self._disconnect()

    def publish(self, channel: str, data: bytes) -> None:
        """Never waits, never raises: what can't go out is dropped."""
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
            eventlet.sleep(random.uniform(*PAUSE))

    def _connect(self) -> None:
        """Listen to all that is wanted."""
        self._moved = False
        self.server.refresh()
        self._changed.clear()
        self._subscribe(set(self._wanted))
        deadline = monotonic() + CONFIRM
        while not self._confirmed.issuperset(self._wanted - self._changed):
            self._wait()
            if monotonic() > deadline:
                raise Lost("Redis doesn't confirm what is subscribed")
        self.up = True
        self._say_canary()
        self.on_up()

    def _serve(self) -> None:
        """Until something is lost."""
        since = said = monotonic()
        while True:
            self._flush()
            self._wait()
            now = monotonic()
            if now - said >= CANARY:
                said = now
                self._say_canary()
            if self._moved:
                raise Lost("the channels are elsewhere now")
            if self.deaf and now - since > DEAF:
                raise Lost("the canary wasn't heard")

    def _move(self) -> None:
        self._moved = True
        self._wakeup.set()

    def _wait(self) -> None:
        """For something to happen, or for the next look. Raises when a connection is dead."""
        self._wakeup.wait(max(0.0, self._looked + LOOK - monotonic()))
        due = monotonic() >= self._looked + LOOK
        self._looked = monotonic() if due else self._looked
        for link in self._links.values():
            if not link.alive:
                raise Lost("a connection ended")
            if due:
                link.look()

    def _flush(self) -> None:
        changed, self._changed = self._changed, set()
        self._subscribe(changed & self._wanted)
        for place, names in self._by_place(changed - self._wanted).items():
            self._confirmed.difference_update(names)
            if place in self._links:
                self._links[place].unsubscribe(names)

    def _subscribe(self, names: Iterable[str]) -> None:
        for place, some in self._by_place(names).items():
            if place not in self._links:
                self._links[place] = Subscriber(
                    self.server.connection(place),
                    self.server.verbs,
                    self._hear,
                    self._confirm,
                    self._wakeup.set,
                )
            self._links[place].subscribe(some)

    def _by_place(self, names: Iterable[str]) -> dict[str, list[str]]:
        places: dict[str, list[str]] = {}
        for name in names:
            places.setdefault(self.server.place(name), []).append(name)
        return places

    def _confirm(self, name: str) -> None:
        self._confirmed.add(name)
        if self.up:
            self.on_fresh(name.removeprefix(self.prefix))
        elif self._confirmed.issuperset(self._wanted - self._changed):
            self._wakeup.set()

    def _disconnect(self) -> None:
        self.up = False
        links, self._links = self._links, {}
        self._confirmed.clear()
        for link in links.values():
            link.close()

    def _say_canary(self) -> None:
        self.publisher.publish(self._canary, str(monotonic()).encode())

    def _hear(self, name: str, data: bytes) -> None:
        self.received += len(data)
        if name == self._canary:
            self._hear_canary(data)
        else:
            self.on_message(name.removeprefix(self.prefix), data)

    def _hear_canary(self, data: bytes) -> None:
        """Ours says when it was sent. Anybody who may write to Redis may say something there."""
        now = monotonic()
        lag = now - sent_at(data)
        # Not for what isn't a time that was, NaN least of all.
        if 0.0 <= lag <= now:
            self.lag, self._heard_at = lag, now

    def _missed(self, names: set[str] | None) -> None:
        self._say_canary()
        self.on_missed(names and {name.removeprefix(self.prefix) for name in names})


def sent_at(canary: bytes) -> float:
    """NaN for what is no number."""
    try:
        return float(canary)
    except ValueError:
        return math.nan
