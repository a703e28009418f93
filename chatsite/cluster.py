"""Composition of a site's processes by Redis: delivery, presence, revocation.

Imported only where REDIS_URL is set, as redis-py takes its time and some megabytes.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from accounts.presence import presence, presence_broadcast
from accounts.presence.redis_presence import RENEW_SECONDS, WATCH_SECONDS, RedisPresence
from chatsite.realtime.cluster import processes, topology
from chatsite.realtime.cluster.bus import Bus
from chatsite.realtime.cluster.envelope import Seal
from chatsite.realtime.cluster.revocation_barrier import RevocationBarrier, RevocationRelay
from chatsite.realtime.delivery import peers
from chatsite.realtime.queues.handler_pool import repeat, with_databases_closed
from chatsite.realtime.socketio.server import ChatServer
from rooms.log import backfill

logger = logging.getLogger(__name__)

# How long the first write to PostgreSQL may take before the server starts without it.
ENTER_TIMEOUT_SECONDS = 5


def join(server: ChatServer) -> None:
    """Before anybody is connected."""
    seal = Seal(settings.SECRET_KEY)
    bus = Bus(topology.server(settings.REDIS_URL), seal.prefix)
    peers.site = RevocationRelay(bus, seal, backfill.catch_up)
    barrier = RevocationBarrier(bus.worker)
    with eventlet.Timeout(ENTER_TIMEOUT_SECONDS, False):
        with_databases_closed(barrier.enter)
    here = presence.here = RedisPresence(
        Site(bus),
        partial(presence_broadcast.record, event="user-connected"),
        partial(presence_broadcast.record, event="user-disconnected"),
    )
    server.companions.append(Companion(bus, here, barrier))
    processes.join(bus, barrier)


class Companion:
    def __init__(self, bus: Bus, here: RedisPresence, barrier: RevocationBarrier) -> None:
        self.bus, self.here, self.barrier = bus, here, barrier
        self._jobs: list[Any] = []

    def start(self) -> None:
        self.bus.start()
        eventlet.spawn_n(self._ask, self.here.begin)
        self._jobs = [
            repeat(RENEW_SECONDS, self.here.renew),
            repeat(RENEW_SECONDS, partial(self._ask, self.here.compare_leases)),
            repeat(WATCH_SECONDS, partial(self._ask, self.here.watch)),
        ]

    def stop(self) -> None:
        """The bus ends with the process: what is still being answered is still sent."""
        for job in self._jobs:
            job.kill()
        eventlet.spawn_n(with_databases_closed, self.barrier.leave)

    def _ask(self, question: Callable[[], None]) -> None:
        try:
            question()
        except (RedisError, OSError):
            # The bus has said so.
            self.here.unsettle()


class Site:
    """What presence asks of the bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.worker, self.prefix = bus.worker, bus.prefix

    @property
    def up(self) -> bool:
        return self._bus.up

    def put(self, key: str, *words: str | int) -> None:
        self._bus.publisher.put(key, *words)

    def client(self, key: str) -> Redis:
        server = self._bus.server
        return server.client(server.place(key))
