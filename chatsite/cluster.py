"""Brings the processes of a site together by Redis: delivery, presence, and what must be looked at again. Imported only
where there is a Redis."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from accounts.presence import presence, presence_broadcast
from accounts.presence.redis_presence import RENEW, WATCH, RedisPresence
from chatsite.realtime.cluster import topology
from chatsite.realtime.cluster.bus import Bus
from chatsite.realtime.cluster.envelope import Seal
from chatsite.realtime.cluster.revocation_barrier import Assent, Noting
from chatsite.realtime.delivery import peers
from chatsite.realtime.scheduling.handler_pool import repeat, with_databases_closed
from chatsite.realtime.socketio.server import ChatServer
from rooms.log import backfill

logger = logging.getLogger(__name__)

# Seconds for PostgreSQL at the start.
PATIENCE = 5


def join(server: ChatServer) -> tuple[Bus, Assent]:
    """Before anybody is connected."""
    seal = Seal(settings.SECRET_KEY)
    bus = Bus(topology.server(settings.REDIS_URL), seal.prefix)
    peers.site = Noting(bus, seal, backfill.catch_up)
    assent = Assent(bus.worker)
    with eventlet.Timeout(PATIENCE, False):
        with_databases_closed(assent.enter)
    here = presence.here = RedisPresence(
        Site(bus),
        partial(presence_broadcast.note, event="user-connected"),
        partial(presence_broadcast.note, event="user-disconnected"),
    )
    server.companions.append(Companion(bus, here, assent))
    return bus, assent


class Companion:
    def __init__(self, bus: Bus, here: RedisPresence, assent: Assent) -> None:
        self.bus, self.here, self.assent = bus, here, assent
        self._jobs: list[Any] = []

    def start(self) -> None:
        self.bus.start()
        eventlet.spawn_n(self._ask, self.here.begin)
        self._jobs = [
            repeat(RENEW, self.here.renew),
            repeat(RENEW, partial(self._ask, self.here.look)),
            repeat(WATCH, partial(self._ask, self.here.watch)),
        ]

    def stop(self) -> None:
        """The bus ends with the process: what is still being answered is still sent."""
        for job in self._jobs:
            job.kill()
        eventlet.spawn_n(with_databases_closed, self.assent.leave)

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
