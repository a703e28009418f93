"""The cache in which all processes count together, such as attempts to log in. While Redis is away, each
counts for itself."""

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

# Seconds until Redis is tried again: nobody else should wait for its half second meanwhile.
RETRY_SECONDS = 5.0
# Global: an instance is made for each greenlet, and all must know.
away_until = 0.0


def redis_or_memory(name: str) -> Callable[..., Any]:
    """Return the method `name` of the cache in Redis, or of the one in memory while Redis is away."""

    def method(self: "SharedCache", *arguments: Any, **options: Any) -> Any:
        global away_until  # noqa: PLW0603
        if monotonic() >= away_until:
            try:
                return getattr(RedisCache, name)(self, *arguments, **options)
            except (RedisError, OSError) as error:
                away_until = monotonic() + RETRY_SECONDS
                logger.warning("Redis is away, and limits are counted in memory: %s", error)
        return getattr(self.memory, name)(*arguments, **options)

    return method


class CheckedJSONSerializer(JSONSerializer):
    """JSON, as pickle would let whoever can write to Redis run programs here. Invalid JSON counts as absent."""

    def loads(self, value: bytes) -> Any:
        try:
            return super().loads(value)
        except (ValueError, RecursionError):
            return None


class SharedCache(RedisCache):
    """Django's cache in Redis, with one in memory behind it."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.memory = LocMemCache("while-redis-is-away", {"OPTIONS": {"MAX_ENTRIES": 100_000}})

    get, set, add, delete, touch = map(redis_or_memory, ("get", "set", "add", "delete", "touch"))
    incr, decr, has_key, clear = map(redis_or_memory, ("incr", "decr", "has_key", "clear"))


class Factory:
    """django-redis' way to a client, for each kind of URL that the site knows."""

    def __init__(self, options: dict[str, Any]) -> None: ...

    def connect(self, url: str) -> Any:
        return client(url)

    def disconnect(self, connection: Any) -> None:
        """Keep the client: the next request needs it."""


@cache
def client(url: str) -> Any:
    return topology.server(url).whole()
