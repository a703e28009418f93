"""Connect this process with the site's others by Redis: delivery, presence, revocation.

`wsgi.py` imports this module only where REDIS_URL is set: importing redis-py is slow and takes some megabytes.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from accounts.presence import idle, presence, presence_broadcast, visibility
from accounts.presence.redis_presence import RENEW_SECONDS, WATCH_SECONDS, RedisPresence
from chatsite.realtime.cluster import processes, topology
from chatsite.realtime.cluster.bus import Bus
from chatsite.realtime.cluster.envelope import Seal
from chatsite.realtime.cluster.revocation_barrier import RevocationBarrier, RevocationRelay
from chatsite.realtime.delivery import peers
from chatsite.realtime.queues.handler_pool import repeat, with_databases_closed
from chatsite.realtime.scheduling.background import Timer
from chatsite.realtime.socketio.server import ChatServer
from rooms.log import backfill

logger = logging.getLogger(__name__)

# Deadline of the first write to PostgreSQL; after it the server starts without.
ENTER_TIMEOUT_SECONDS = 5


def join(server: ChatServer) -> None:
    """Register the cluster's parts with `server`. Call it before the server accepts connections."""
    seal = Seal(settings.SECRET_KEY)
    bus = Bus(topology.server(settings.REDIS_URL), seal.prefix)
    peers.site = RevocationRelay(bus, seal, backfill.catch_up)
    barrier = RevocationBarrier(bus.worker)
    with eventlet.Timeout(ENTER_TIMEOUT_SECONDS, False):
        with_databases_closed(barrier.enter)
    here = presence.here = RedisPresence(
        PresenceBus(bus),
        partial(presence_broadcast.record, event="user-connected"),
        partial(presence_broadcast.record, event="user-disconnected"),
        moved=idle.look_again,
    )
    server.companions.append(ClusterService(bus, here, barrier))
    processes.join(bus, barrier)


class ClusterService:
    """Background service of the server (see `ChatServer.companions`): runs the bus and renews presence leases."""

    def __init__(self, bus: Bus, here: RedisPresence, barrier: RevocationBarrier) -> None:
        self.bus, self.here, self.barrier = bus, here, barrier
        self._jobs: list[Any] = []

    def start(self) -> None:
        self.bus.start()
        eventlet.spawn_n(self._begin)
        self._jobs = [
            repeat(RENEW_SECONDS, self.here.renew),
            repeat(RENEW_SECONDS, partial(self._guarded, self.here.compare_leases)),
            repeat(WATCH_SECONDS, partial(self._guarded, self.here.watch)),
        ]

    def stop(self) -> Timer:
        """End the jobs and leave the revocation barrier. The bus stays up until the process ends, for replies under way."""
        for job in self._jobs:
            job.kill()
        return Timer(0, self.barrier.leave)

    def _begin(self) -> None:
        """Read who is invisible before who is online."""
        with_databases_closed(visibility.ensure)
        self._guarded(self.here.begin)

    def _guarded(self, job: Callable[[], None]) -> None:
        """Run `job`; if Redis is away, mark what is known of other processes' people as uncertain."""
        try:
            job()
        except (RedisError, OSError):
            # The bus has logged it.
            self.here.unsettle()


class PresenceBus:
    """The bus as presence uses it: whether it is up, fire-and-forget writes, and a client for reads."""

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
        return server.client(server.node(key))
