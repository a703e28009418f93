"""Between delivery and the bus: events of this process are published, those of others are delivered here.

Channels: `r:SLUG` and `u:ID` where somebody here has joined or is connected, PROCESS_CHANNEL for messages among
processes, and `p:WORKER` for what concerns one process.
"""

import logging
from collections.abc import Callable, Collection
from typing import Any

import orjson

from chatsite.contract.events import EVENTS, Reach
from chatsite.database.chunks import chunked
from chatsite.realtime.cluster.announcements import Announcements
from chatsite.realtime.cluster.bus import Bus
from chatsite.realtime.cluster.coalescer import Coalescer
from chatsite.realtime.cluster.envelope import (
    HEAD,
    LOG,
    PASSING,
    SIGNATURE_BYTES,
    STORING,
    USER,
    WORD,
    Envelope,
    Seal,
    event_of,
)
from chatsite.realtime.delivery import delivery, peers, subscriptions
from chatsite.realtime.protocol.frames import frame
from chatsite.realtime.scheduling.background import Timer
from chatsite.realtime.scheduling.flush_scheduler import SMALL_CROWD, flush_scheduler

logger = logging.getLogger(__name__)

PROCESS_CHANNEL = "all"
# Seconds for which newly subscribed rooms are gathered before they are rechecked.
GATHER_SECONDS = 0.05
# Rooms named in one message.
ROOMS_PER_MESSAGE = 200

# Called with the rooms that may have missed events, None for all.
Recheck = Callable[[set[str] | None], None]


class Relay(peers.Peers):
    """The `Peers` of a process with others."""

    there = True

    def __init__(self, bus: Bus, seal: Seal, recheck: Recheck) -> None:
        self.bus, self.seal, self.recheck = bus, seal, recheck
        self.refused = 0
        # Bytes of events for rooms that nobody here has joined, and of all events.
        self.foreign = self.events = 0
        self._me = bus.worker.encode()
        self._opened: set[str] = set()
        self._coalescer = Coalescer(self._publish_log, lambda slug, data: self._open(f"r:{slug}", data))
        self._announcements = announcements = Announcements(self._announce, is_crowd)
        flush_scheduler.shared = lambda: announcements.shared
        flush_scheduler.awaiting = lambda: announcements.awaiting
        bus.on_message, bus.on_fresh = self.hear, self.fresh
        bus.on_up, bus.on_missed = self.up, self.missed
        bus.subscribe(PROCESS_CHANNEL)
        bus.subscribe(f"p:{bus.worker}")
        peers.register("look", self._on_look, list)

    def open_room(self, slug: str) -> None:
        self.bus.subscribe(f"r:{slug}")

    def close_room(self, slug: str) -> None:
        self.bus.unsubscribe(f"r:{slug}")
        self._announcements.forget(slug)

    def open_user(self, user_id: int) -> None:
        self.bus.subscribe(f"u:{user_id}")

    def close_user(self, user_id: int) -> None:
        self.bus.unsubscribe(f"u:{user_id}")

    def gather(self, slugs: Collection[str]) -> float:
        return self._announcements.gather(slugs)

    def hold(self, slugs: Collection[str]) -> None:
        self._announcements.begin(slugs)
        self._coalescer.begin(slugs)

    def release(self, slugs: Collection[str]) -> None:
        self._coalescer.end(slugs)
        self._announcements.end(slugs)
        flush_scheduler.settle()

    def _announce(self, worker: str, slug: str) -> None:
        self._publish(f"p:{worker}", STORING, slug.encode())

    def to_log(self, slug: str, payload: bytes, seq: int) -> None:
        if not self._coalescer.gathers(slug, seq, payload):
            self._publish_log(slug, seq, payload)

    def _publish_log(self, slug: str, seq: int, packets: bytes) -> None:
        self._publish(f"r:{slug}", LOG, packets, seq=seq)

    def to_room(self, slug: str, payload: bytes, skip_user: int | None) -> None:
        self._publish(f"r:{slug}", PASSING, payload, skip_user=skip_user or 0)

    def to_user(self, user_id: int, payload: bytes) -> None:
        self._publish(f"u:{user_id}", USER, payload)

    def notify(self, word: str, *parts: Any) -> None:
        self._publish(PROCESS_CHANNEL, WORD, orjson.dumps([word, *parts]))

    def _publish(self, channel: str, kind: bytes, payload: bytes, seq: int = 0, skip_user: int = 0) -> None:
        envelope = Envelope(kind, self.bus.worker, seq, skip_user, payload)
        self.bus.publish(channel, self.seal.close(channel, envelope))

    def hear(self, channel: str, data: bytes) -> None:
        # Our own messages come back, too: they were delivered when sent.
        if data[SIGNATURE_BYTES + 2 : SIGNATURE_BYTES + HEAD.size - 16] == self._me:
            return
        kind, _, slug = channel.partition(":")
        if kind == "r" and self._coalescer.keeps(slug, data):
            return
        self._open(channel, data)

    def _open(self, channel: str, data: bytes) -> None:
        envelope = self.seal.open(channel, data)
        if envelope is None or not self._deliver(channel, envelope):
            self.refused += 1
            if self.refused == 1:
                logger.warning("The bus brought something that isn't one of this site's messages")

    def _deliver(self, channel: str, envelope: Envelope) -> bool:
        """Deliver a message; return whether it was one that such a channel carries."""
        kind, _, name = channel.partition(":")
        if envelope.kind == WORD and channel == PROCESS_CHANNEL:
            return word(envelope.payload)
        if envelope.kind == STORING:
            return kind == "p" and self._await(envelope)
        self.events += len(envelope.payload)
        if kind == "r" and envelope.kind == LOG:
            return self._to_log(name, envelope)
        event = event_of(envelope.payload)
        if event is None:
            return False
        if kind == "r":
            return self._to_room(name, envelope, *event)
        return kind == "u" and envelope.kind == USER and to_user(int(name), envelope.payload, *event)

    def _await(self, envelope: Envelope) -> bool:
        self._announcements.announced(envelope.payload.decode(errors="replace"), envelope.worker)
        return True

    def _to_log(self, slug: str, envelope: Envelope) -> bool:
        if not subscriptions.is_joined(slug):
            self.foreign += len(envelope.payload)
        for seq, packet in enumerate(envelope.payload.split(b"\n"), envelope.seq):
            event, data = event_of(packet) or ("", {})
            if EVENTS.get(event) is not Reach.LOG or data.get("room") != slug or data.get("seq") != seq:
                return False
            delivery.log_from_elsewhere(slug, seq, event, frame(packet))
        self._announcements.arrived(slug, envelope.worker)
        flush_scheduler.settle()
        return True

    def _to_room(self, slug: str, envelope: Envelope, event: str, data: dict[str, Any]) -> bool:
        if envelope.kind != PASSING or EVENTS.get(event) is not Reach.ROOM or data.get("room") != slug:
            return False
        delivery.room_here(slug, event, frame(envelope.payload), envelope.skip_user, True)
        return peers.dispatch(event, [slug, envelope.skip_user, data])

    def up(self) -> None:
        """Recheck all rooms: events sent while nothing was received are missed."""
        Timer(0, self.recheck, None)

    def fresh(self, channel: str) -> None:
        """Recheck a room whose channel was just subscribed: events between somebody's join and now weren't
        received."""
        kind, _, slug = channel.partition(":")
        if kind == "r":
            if not self._opened:
                Timer(GATHER_SECONDS, self._recheck_opened)
            self._opened.add(slug)

    def _recheck_opened(self) -> None:
        opened, self._opened = self._opened, set()
        self.recheck(opened)

    def missed(self, channels: set[str] | None) -> None:
        """Tell the other processes that they missed events of these channels, None for any."""
        if channels is None:
            self.notify("look", [])
            return
        slugs = [channel.removeprefix("r:") for channel in sorted(channels) if channel.startswith("r:")]
        for some in chunked(slugs, ROOMS_PER_MESSAGE):
            self.notify("look", some)

    def _on_look(self, slugs: list[Any]) -> None:
        Timer(0, self.recheck, {slug for slug in slugs if isinstance(slug, str)} or None)


def is_crowd(slug: str) -> bool:
    return subscriptions.count(slug) > SMALL_CROWD


def word(payload: bytes) -> bool:
    try:
        said, *parts = orjson.loads(payload)
    except (ValueError, TypeError):
        return False
    return isinstance(said, str) and peers.dispatch(said, parts)


def to_user(user_id: int, payload: bytes, event: str, data: dict[str, Any]) -> bool:
    reach = EVENTS.get(event)
    if reach not in (Reach.PERSON, Reach.ELSEWHERE):
        return False
    unless_joined = data.get("room") if reach is Reach.ELSEWHERE else None
    delivery.user_here(user_id, event, frame(payload), unless_joined)
    return True
