"""Measure what depends on how many people are online on the whole site, with a registry that is filled by hand. Run under
Django's settings; prints figures by the number of people."""

import json
import sys
import tracemalloc
from collections.abc import Callable
from time import process_time
from typing import Any

import django

django.setup()

from accounts.models import User  # noqa: E402
from accounts.presence import presence  # noqa: E402
from accounts.presence.redis_presence import RedisPresence  # noqa: E402
from benchmarks.growth.site import READER  # noqa: E402
from rooms.models import Room  # noqa: E402
from rooms.unread import room_counts, summaries  # noqa: E402

# Ids that nobody has in the database.
FIRST_ID = 10_000_000
TIMES = 5


class NoSite:
    """A cluster whose Redis is never asked."""

    worker, prefix, up = "w", "p:", True

    def put(self, key: str, *words: str | int) -> None:
        pass

    def client(self, key: str) -> Any:
        raise NotImplementedError


def cpu_us(act: Callable[[], object]) -> float:
    act()
    began = process_time()
    for _ in range(TIMES):
        act()
    return (process_time() - began) / TIMES * 1e6


def online(people: int) -> dict[str, float]:
    """Measure with so many people online, a tenth of them in this process."""
    tracemalloc.start()
    registry = RedisPresence(NoSite(), lambda user_id: None, lambda user_id: None)
    registry._change = lambda user_id: None  # type: ignore[method-assign]
    for number in range(people // 10):
        registry.connect(FIRST_ID + number, f"sid{number}")
    registry._apply("another", range(FIRST_ID + people // 10, FIRST_ID + people), ())
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    presence.here = registry
    reader = User.objects.get(username=f"person{READER:05}")
    [room] = Room.objects.filter(slug="of-500-0")

    def count_large() -> None:
        room_counts._online_counts.clear()
        summaries.of_rooms(reader.pk, [room.pk])

    return {
        "bytes_each": grown / people,
        "`GET /room?nearest=true`, without HTTP": cpu_us(lambda: summaries.nearest(reader.pk, 100)),
        "`room-online` of a room of 500": cpu_us(count_large),
        "sidebar, without its page": cpu_us(lambda: summaries.nearest(reader.pk, 100, counted=False)),
    }


if __name__ == "__main__":
    print(json.dumps({f"{int(people):,}": online(int(people)) for people in sys.argv[1:]}))
