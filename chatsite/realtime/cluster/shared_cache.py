"""What all processes count together, such as attempts to log in. While Redis is away, each counts for itself."""

import logging
from collections.abc import Callable
from functools import cache
from time import monotonic
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
from django_redis.serializers.json import JSONSerializer
from redis.exceptions import RedisError

from chatsite.realtime.cluster import topology

logger = logging.getLogger(__name__)

# Seconds until Redis is asked again: nobody else should wait for its half second meanwhile.
RETRY = 5.0
# An instance is made for each greenlet, and all must know.
away_until = 0.0


def either(name: str) -> Callable[..., Any]:
    """That method of the cache in Redis, or of the one in memory."""

    def method(self: "SharedCache", *arguments: Any, **options: Any) -> Any:
        global away_until  # noqa: PLW0603
        if monotonic() >= away_until:
            try:
                return getattr(RedisCache, name)(self, *arguments, **options)
            except (RedisError, OSError) as error:
                away_until = monotonic() + RETRY
                logger.warning("Redis is away, and limits are counted in memory: %s", error)
        return getattr(self.memory, name)(*arguments, **options)

    return method


class CheckedJSONSerializer(JSONSerializer):
    """Not pickle: whoever can write to Redis could run programs here. What is no JSON counts as not there."""

    def loads(self, value: bytes) -> Any:
        try:
            return super().loads(value)
        except (ValueError, RecursionError):
            return None


class SharedCache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.memory = LocMemCache("while-redis-is-away", {"OPTIONS": {"MAX_ENTRIES": 100_000}})

    get, set, add, delete, touch = map(either, ("get", "set", "add", "delete", "touch"))
    incr, decr, has_key, clear = map(either, ("incr", "decr", "has_key", "clear"))


class Factory:
    """django-redis' way to a client, for each kind of address that the site knows."""

    def __init__(self, options: dict[str, Any]) -> None: ...

    def connect(self, url: str) -> Any:
        return client(url)

    def disconnect(self, connection: Any) -> None:
        """It is kept: the next request needs it."""


@cache
def client(url: str) -> Any:
    return topology.server(url).whole()
