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

from accounts import announcements, presence
from accounts.presence_redis import RENEW, WATCH, RedisPresence
from chatsite.bus import servers
from chatsite.bus.bus import Bus
from chatsite.bus.envelope import Seal
from chatsite.bus.relay import Relay
from chatsite.realtime import delivery
from chatsite.realtime.runners import repeat
from chatsite.realtime.server import ChatServer
from rooms import filling

logger = logging.getLogger(__name__)


def join(server: ChatServer) -> Bus:
    """Before anybody is connected."""
    seal = Seal(settings.SECRET_KEY)
    bus = Bus(servers.server(settings.REDIS_URL), seal.prefix)
    delivery.others = Relay(bus, seal, filling.look_again)
    here = presence.here = RedisPresence(
        Site(bus),
        partial(announcements.note, event="user-connected"),
        partial(announcements.note, event="user-disconnected"),
    )
    server.companions.append(Companion(bus, here))
    return bus


class Companion:
    def __init__(self, bus: Bus, here: RedisPresence) -> None:
        self.bus, self.here = bus, here
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
