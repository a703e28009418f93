"""The background service of a server with consumers. Without any it does nothing at all."""

import logging
import os
import secrets
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

from django.db import DatabaseError, InterfaceError, connections

from chatsite.observability.metrics import collector
from chatsite.realtime.delivery import peers
from chatsite.realtime.queues.handler_pool import repeat
from chatsite.realtime.scheduling.background import Timer
from rooms.log.consumers import gauges, lease, news, positions
from rooms.log.consumers.registry import LogConsumer, always, consumers
from rooms.log.consumers.runner import Runner

logger = logging.getLogger(__name__)

# Seconds between two steps: what notes are gathered for.
STEP_SECONDS = 0.25
# Rooms in one step after which the next one comes later: reading costs by the room and hardly by the line. With 64 messages
# in flight in 200 rooms, four steps a second took an eighth of the server's time.
BUSY_ROOMS, BUSY_STEP_SECONDS = 50, 1.0
# Seconds between two looks at who has which lease, what is paused, and what is due. A consumer whose process was killed
# is taken over so long after its lease ended.
LOOK_SECONDS = 2.0


class ConsumerService:
    """Background service of the server (see `ChatServer.companions`): a runner for each consumer."""

    def __init__(self) -> None:
        self.runners: dict[str, Runner] = {}
        self._next_look = self._next_step = 0.0
        self._job: Any = None

    def start(self) -> None:
        """Begin, if there are consumers."""
        if not consumers:
            return
        holder = f"{os.getpid()}-{secrets.token_hex(8)}"
        self.runners = {name: Runner(consumer, holder) for name, consumer in consumers.items()}
        news.wanted, news.sieves = True, sieves(consumers.values())
        collector.sources.append(lambda: gauges.of_runners(self.runners.values()))
        self._job = repeat(STEP_SECONDS, self.step)

    def stop(self) -> Timer | None:
        """Give the leases up, so that other processes go on at once; return the timer that does."""
        if self._job is None:
            return None
        self._job.kill()
        news.wanted = False
        return Timer(0, self._give_up)

    def step(self) -> None:
        """Hand the rooms with news to the runners, and look around if it is time to."""
        if monotonic() < self._next_step:
            return
        taken = news.take(tell=peers.site.there and not self._holds_all())
        if len(taken) > BUSY_ROOMS:
            # A little less, as a step that comes at that time would come too early for it.
            self._next_step = monotonic() + BUSY_STEP_SECONDS - STEP_SECONDS / 2
        if monotonic() >= self._next_look:
            self._next_look = monotonic() + LOOK_SECONDS
            self._guarded(self._look)
        for runner in self.runners.values():
            self._guarded(runner.step, taken)

    def _holds_all(self) -> bool:
        return all(runner.holds for runner in self.runners.values())

    def _look(self) -> None:
        rows = {row.name: row for row in lease.look()}
        for name, runner in self.runners.items():
            if name in rows:
                self._guarded(runner.look, rows[name])
            else:
                positions.begin(name, off=not runner.consumer.enabled())
                self._next_look = 0.0

    def _give_up(self) -> None:
        # Also those that it doesn't know of: the step that was just ended may have been taking one.
        for runner in self.runners.values():
            self._guarded(runner.stop, runner.holder)

    @staticmethod
    def _guarded(function: Callable[..., None], *arguments: Any) -> None:
        """Call the function; that one consumer can't go on is no other's affair."""
        try:
            function(*arguments)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("consumers of the log wait for the database: %s", error)
            connections.close_all()
        except Exception:
            logger.exception("a consumer of the log can't go on")


def sieves(consumers: Iterable[LogConsumer]) -> news.Sieves:
    """Return, for the events of messages and others with a subject, what tells whether it may concern a consumer."""
    found: news.Sieves = {}
    for consumer in consumers:
        for event in consumer.events:
            sieve = consumer.sieve
            concerns = sieve.concerns if sieve is not None and sieve.event == event else always
            found.setdefault(event, []).append((consumer.name, concerns))
    return found


service = ConsumerService()
