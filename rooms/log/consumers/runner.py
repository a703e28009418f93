"""The runner of one consumer in this process, while it has the lease.

Rooms with news are read fifty at a time, forty lines of each, in turn; rooms in which lines await the handler are
handled at once, four at a time. Rooms whose news don't concern the consumer, as this process wrote them and knows, aren't
read. All in memory may be lost: positions are moved after the handler only.
"""

import logging
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from time import monotonic
from typing import NamedTuple

from django.db import DatabaseError, IntegrityError, InterfaceError, connections, transaction
from django.utils import timezone

from chatsite.database.chunks import chunked
from chatsite.observability.metrics import counters
from chatsite.realtime.delivery import peers
from chatsite.realtime.queues import read_queue
from chatsite.realtime.scheduling.background import deadline, in_background, serving
from chatsite.web import query_deadline
from rooms.log.consumers import lease, news, positions, retries
from rooms.log.consumers.news import News, Run
from rooms.log.consumers.positions import LeaseLost, Place
from rooms.log.consumers.registry import LogConsumer
from rooms.log.log import LogLine
from rooms.models import ConsumerRetry, Room

logger = logging.getLogger(__name__)

# Rooms that one query reads, and seqs of each: in rooms whose lines the database sieves it looks through more.
ROOMS_PER_READ, SEQS_PER_ROOM, SEQS_PER_SIEVED_ROOM = 50, 40, positions.MAX_SEQS
# Rooms with news that concern nobody, of which a sieve is asked at once; and seconds until it is asked again of a room of
# which it said that it lets through nothing else. Who wants every message from then on is told of one so much later.
ROOMS_PER_PASS, PASS_SECONDS = 500, 1.0
# Rooms that are handled at once, and lines that are tried again at once.
MAX_ROOMS_AT_ONCE, MAX_RETRIES_AT_ONCE = 4, 2
# Positions that one transaction stores (1 ms on SQLite, 8 on PostgreSQL), and that are kept to go on from without a query.
ROOMS_PER_WRITE, KEPT_POSITIONS = 200, 5000
# Seconds that a handler may take.
HANDLE_TIMEOUT_SECONDS = 30.0
# Seconds for which positions are gathered where the handler did nothing: a busy site pays one small write for all rooms.
FLUSH_SECONDS = 5.0
# Seconds between two polls, which find what no note told of: with other processes or a backlog, and without.
POLL_SECONDS, CALM_POLL_SECONDS = 5.0, 60.0
# Least pause between polls in multiples of what one takes, and what it may take: a hundredth of the time.
POLL_REST_FACTOR, POLL_TIMEOUT_SECONDS = 100, 10.0
# Seconds between two renewals of the lease, and of rest after the database refused something.
RENEW_SECONDS, REST_SECONDS = 5.0, 2.0


class Position:
    """How far a room has come: `stored` in the database, `reached` here, and `written` by the statement under way.
    `since` is the time (monotonic) of the first step that isn't stored, `calm` whether the sieve last let nothing through
    but what concerns the consumer by itself, and `passed` when it was asked that of lines that weren't read."""

    __slots__ = ("calm", "passed", "reached", "room_id", "since", "slug", "stored", "written")

    def __init__(self, slug: str, room_id: int, seq: int) -> None:
        self.slug, self.room_id = slug, room_id
        self.stored = self.reached = self.written = seq
        self.since = self.passed = 0.0
        self.calm = True

    def reach(self, seq: int) -> None:
        """Go on to a seq."""
        if self.stored == self.reached:
            self.since = monotonic()
        self.reached = seq


class Part(NamedTuple):
    """Lines of a room that await the handler; they are all that interest the consumer up to the seq `high`."""

    room: Room
    position: Position
    lines: list[LogLine]
    high: int
    head: int


class Runner:
    """Runs one consumer in this process. `holder` names the process."""

    def __init__(self, consumer: LogConsumer, holder: str) -> None:
        self.consumer, self.holder = consumer, holder
        self.events = sorted(consumer.events)
        self.id = 0
        # What the last poll found: lines that aren't read, since when, and lines that wait for another try or failed.
        self.behind, self.waiting, self.failed = 0, 0, 0
        self.since: datetime | None = None
        self._held_until = self._renewed = self._rest_until = 0.0
        self._next_flush = self._next_poll = 0.0
        # Rooms with news by slug, in turn; slugs of those with lines that wait for the handler or are handled; these lines.
        self._queue: News = {}
        self._busy: set[str] = set()
        self._ready: deque[Part] = deque()
        # By room id, where something isn't stored or is handled, and others that may come again.
        self._positions: dict[int, Position] = {}
        self._due: deque[ConsumerRetry] = deque()
        # What is under way.
        self._reading = self._polling = False
        self._workers = self._retrying = 0

    # The lease

    def lose(self) -> None:
        """Forget what was read. Handlers that are under way end by themselves, and find that the lease is lost."""
        self._held_until = self._next_flush = self._next_poll = 0.0
        self._busy -= {part.room.slug for part in self._ready}
        for things in (self._queue, self._ready, self._positions, self._due):
            things.clear()

    @property
    def holds(self) -> bool:
        """Whether this process has the lease, as far as it knows without asking."""
        return monotonic() < self._held_until

    @property
    def idle(self) -> bool:
        """Whether everything that is known of was read and handled."""
        return not (self._queue or self._busy or self._ready)

    def look(self, row: lease.Standing) -> None:
        """Take, renew or lose the lease by the consumer's row, which was just read; try again what is due."""
        self.id = row.id
        on = self.consumer.enabled()
        if row.paused or not on:
            self.stop(row.holder)
            if not row.paused and not row.off:
                positions.switch(row.id, on=False)
            return
        if row.off:
            positions.switch(row.id, on=True)
        self._hold(row)
        if self.holds and not self._retrying:
            self._retry_due()

    def _hold(self, row: lease.Standing) -> None:
        now, held = monotonic(), self.holds and row.holder == self.holder
        if held and now < self._renewed + RENEW_SECONDS:
            return
        if not held:
            self.lose()
            if not row.free and row.holder != self.holder:
                return
        if lease.take(row.id, self.holder):
            self._renewed, self._held_until = now, now + lease.LEASE_SECONDS
        else:
            self.lose()

    def stop(self, holder: str) -> None:
        """Store the positions and give the lease up, if the process has it."""
        if holder == self.holder:
            with suppress(LeaseLost):
                self._flush()
            lease.give_up(self.id, self.holder)
        self.lose()

    # Turns

    def step(self, taken: News) -> None:
        """Begin to read rooms with news, and do what is due. Doesn't wait for handlers."""
        if not self.holds:
            return
        for slug, run in taken.items():
            news.add(self._queue, slug, run)
        if monotonic() < self._rest_until:
            return
        self._do_due(monotonic())
        if self._queue or self._ready:
            self._start_workers(max(1, len(self._ready)))

    def _do_due(self, now: float) -> None:
        try:
            if now >= self._next_flush:
                self._next_flush = now + FLUSH_SECONDS
                self._flush()
        except LeaseLost:
            self.lose()
        if now >= self._next_poll and not self._polling:
            self._polling = True
            in_background(self._poll)

    def _poll(self) -> None:
        """Look for rooms with news that no note told of, and for how far behind the consumer is."""
        try:
            self._poll_once()
        except (DatabaseError, InterfaceError, query_deadline.TookTooLong) as error:
            slow = isinstance(error, query_deadline.TookTooLong)
            self._next_poll = monotonic() + (CALM_POLL_SECONDS if slow else POLL_SECONDS)
            self._rest("a poll failed", error, ())
        finally:
            self._polling = False

    def _poll_once(self) -> None:
        began = monotonic()
        found = query_deadline.read(POLL_TIMEOUT_SECONDS, positions.behind, self.id)
        if found.beyond:
            positions.pull_back()
        self.behind, self.since = max(0, found.lines), found.since
        self.waiting, self.failed = retries.counts(self.id)
        self._queue |= dict.fromkeys(found.rooms)
        wait = POLL_SECONDS if found.rooms or peers.site.there else CALM_POLL_SECONDS
        self._next_poll = monotonic() + max(wait, POLL_REST_FACTOR * (monotonic() - began))
        if self._queue:
            self._start_workers(1)

    def _start_workers(self, wanted: int) -> None:
        for _ in range(min(wanted, MAX_ROOMS_AT_ONCE) - self._workers):
            self._workers += 1
            in_background(self._work)

    def _work(self) -> None:
        """Read and handle until nothing is left."""
        try:
            while self.holds and (self._ready or self._read()):
                self._handle(self._ready.popleft())
        finally:
            self._workers -= 1

    # Reading

    def _read(self) -> bool:
        """Read lines of the next rooms; return whether any await the handler."""
        while not self._ready and not self._reading and self.waiting < retries.MAX_WAITING:
            unread, known = self._next_rooms()
            if not (unread or known) or monotonic() < self._rest_until:
                break
            if known:
                self._pass_some(known)
            else:
                self._read_some(unread)
        self._start_workers(len(self._ready))
        return bool(self._ready)

    def _next_rooms(self) -> tuple[list[str], dict[str, Run]]:
        """Return the next rooms to be read, and those to be asked of whose news concern nobody by themselves."""
        unread, known, now = [], {}, monotonic()
        for slug, run in self._queue.items():
            if slug in self._busy:
                continue
            position = self._positions.get(run.room_id) if run is not None else None
            if run is None or position is None or not self._goes_on(run, position):
                unread.append(slug)
            elif now >= position.passed + PASS_SECONDS:
                known[slug] = run
            if len(unread) >= ROOMS_PER_READ or len(known) >= ROOMS_PER_PASS:
                break
        return unread, known

    def _goes_on(self, run: Run, position: Position) -> bool:
        """Return whether the run goes on from the position, in a room that was calm, and none of its lines concerns the
        consumer by itself. Other rooms are read, which asks the sieve as well."""
        return position.calm and self.consumer.name not in run.concerned and position.reached >= run.low

    def _pass_some(self, runs: dict[str, Run]) -> None:
        """Go on behind these runs where the sieve lets nothing else through; the other rooms are to be read."""
        with self._taken(runs):
            ids, sieve = [run.room_id for run in runs.values()], self.consumer.sieve
            calm = set(sieve.rooms(ids) if sieve is not None else ids)
            for slug, run in runs.items():
                position = self._positions.get(run.room_id)
                # Forgotten meanwhile, where somebody else has moved it.
                if position is not None and run.room_id in calm:
                    position.passed = monotonic()
                    if run.high > position.reached:
                        position.reach(run.high)
                else:
                    self._queue[slug] = None

    def _read_some(self, slugs: Sequence[str]) -> None:
        with self._taken(slugs) as taken:
            for part in self._parts(slugs):
                if part.lines:
                    self._ready.append(part)
                    taken.discard(part.room.slug)
                else:
                    self._advance(part)

    @contextmanager
    def _taken(self, slugs: Collection[str]) -> Iterator[set[str]]:
        """Take rooms off the queue for a read. They are busy until its end; those that it takes out of the set stay so."""
        self._reading, taken = True, set(slugs)
        for slug in slugs:
            del self._queue[slug]
        self._busy |= taken
        try:
            read_queue.give_way()
            yield taken
        except (DatabaseError, InterfaceError) as error:
            self._rest("what is new can't be read", error, slugs)
        finally:
            self._busy -= taken
            self._reading = False

    def _parts(self, slugs: Sequence[str]) -> list[Part]:
        """Return the next part of each room, in two queries and that of a sieve."""
        starts = [(place, self._position(place)) for place in positions.places(self.id, slugs)]
        sieve, ids = self.consumer.sieve, [place.room.pk for place, _ in starts]
        sieved = sieve.rooms(ids) if sieve and ids else ()
        ranges = {}
        for place, known in starts:
            known.calm = sieve is None or place.room.pk in sieved
            most = SEQS_PER_SIEVED_ROOM if place.room.pk in sieved else SEQS_PER_ROOM
            ranges[place.room.pk] = known.reached, max(known.reached, min(place.head, known.reached + most))
        found = positions.lines(ranges, self.events, sieve, sieved) if ranges else {}
        return [
            Part(place.room, known, found[place.room.pk], ranges[place.room.pk][1], place.head)
            for place, known in starts
        ]

    def _position(self, place: Place) -> Position:
        """Return the room's position, which is the database's where somebody else has moved it."""
        known = self._positions.get(place.room.pk)
        if known is None or place.seq not in (known.stored, known.written):
            known = Position(place.room.slug, place.room.pk, place.seq)
        return known

    def _advance(self, part: Part) -> None:
        """Go on to the end of a part, and queue the room again if there is more."""
        if part.high > part.position.reached:
            part.position.reach(part.high)
        self._positions[part.room.pk] = part.position
        if part.high < part.head:
            self._queue[part.room.slug] = None

    # Handling

    def _handle(self, part: Part) -> None:
        name, slug = self.consumer.name, part.room.slug
        read_queue.give_way()
        done, error = self._call(part.room, part.lines)
        try:
            if error is None:
                counters.consumed[name, "handled"] += len(part.lines)
                self._handled(part, done)
            else:
                self._failed(part, error)
        except LeaseLost:
            self.lose()
        except (DatabaseError, InterfaceError) as refused:
            self._positions.pop(part.room.pk, None)
            self._rest("a position can't be stored", refused, [slug])
        finally:
            self._busy.discard(slug)

    def _call(self, room: Room, lines: Sequence[LogLine]) -> tuple[bool, str | None]:
        """Call the handler; return whether it did anything, and what it raised in words."""
        if serving():
            # A handler that waits holds no connection of ours.
            connections.close_all()
        try:
            with deadline(HANDLE_TIMEOUT_SECONDS):
                return bool(self.consumer.handle(room, lines)), None
        except Exception as error:
            if serving():
                # Nor one on which a statement was cut off.
                connections.close_all()
            words = retries.describe(error)
            logger.warning(
                "consumer %s: %d lines of %s from #%d on: %s",
                self.consumer.name,
                len(lines),
                room.slug,
                lines[0].seq,
                words,
            )
            return False, words

    def _handled(self, part: Part, done: bool) -> None:
        self._advance(part)
        if done or monotonic() - part.position.since >= FLUSH_SECONDS:
            self._store([part.position])

    def _failed(self, part: Part, error: str) -> None:
        """Put the lines aside and go on behind them, both or neither."""
        position = part.position
        with transaction.atomic():
            moved = positions.move(self.id, self.holder, {part.room.pk: (position.stored, part.high)})
            if moved:
                retries.hold(self.id, part.room.pk, part.lines, error, timezone.now())
        if not moved:
            self._forget(position)
            return
        counters.consumed[self.consumer.name, "retry"] += len(part.lines)
        self.waiting += len(part.lines)
        position.stored = position.written = position.reached = part.high
        self._advance(part)

    # Positions

    def _flush(self) -> None:
        """Store the positions of rooms in which the handler had nothing to do."""
        moved, too_many = [], len(self._positions) > KEPT_POSITIONS
        for position in list(self._positions.values()):
            if position.slug in self._busy:
                continue
            if position.reached > position.stored:
                moved.append(position)
            elif too_many:
                del self._positions[position.room_id]
        for some in chunked(moved, ROOMS_PER_WRITE, read_queue.give_way):
            self._store(some)

    def _store(self, moved: Sequence[Position]) -> None:
        """Store positions in one transaction. Raises LeaseLost and what the database raises."""
        for position in moved:
            position.written = position.reached
        moves = {position.room_id: (position.stored, position.written) for position in moved}
        try:
            stored = positions.move(self.id, self.holder, moves)
        except IntegrityError:
            # A room was deleted meanwhile.
            stored = set()
        for position in moved:
            if position.room_id in stored:
                position.stored = position.written
            else:
                self._forget(position)

    def _forget(self, position: Position) -> None:
        """Read the room again from where its position is in the database."""
        self._positions.pop(position.room_id, None)
        self._queue[position.slug] = None

    def _rest(self, what: str, error: Exception, slugs: Iterable[str]) -> None:
        """Leave the database alone for a while, and then read these rooms again."""
        logger.warning("consumer %s: %s: %s", self.consumer.name, what, error)
        self._queue |= dict.fromkeys(slugs)
        self._rest_until = monotonic() + REST_SECONDS

    # What failed before

    def _retry_due(self) -> None:
        self._due = deque(retries.due(self.id, timezone.now()))
        for _ in range(min(len(self._due), MAX_RETRIES_AT_ONCE)):
            self._retrying += 1
            in_background(self._retry_all)

    def _retry_all(self) -> None:
        try:
            while self._due and self.holds:
                self._retry(self._due.popleft(), timezone.now())
        except (DatabaseError, InterfaceError) as error:
            self._rest("a line can't be tried again", error, ())
        finally:
            self._retrying -= 1

    def _retry(self, retry: ConsumerRetry, now: datetime) -> None:
        read_queue.give_way()
        line = retries.line_of(retry)
        wanted = line is not None and line.event in self.consumer.events
        error = self._call(retry.room, [line])[1] if line is not None and wanted else None
        if error is None:
            retries.succeeded(retry)
            outcome = "handled"
        else:
            outcome = "failed" if retries.fail(retry, error, now) else "retry"
        if outcome != "retry":
            self.waiting = max(0, self.waiting - 1)
        counters.consumed[self.consumer.name, outcome] += 1
        if outcome == "failed":
            self.failed += 1
