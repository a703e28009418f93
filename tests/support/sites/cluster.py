"""The site with one event more, `inside`: what a process looks like. Typing doesn't end by itself while a test looks."""

from pathlib import Path
from typing import Any

from chatsite.wsgi import application

# Django is set up from here on.
from chatsite.realtime.cluster import processes  # isort: skip
from chatsite.realtime.delivery import peers  # isort: skip
from chatsite.realtime.delivery.connection import Connection  # isort: skip
from chatsite.realtime.socketio.routing import event  # isort: skip
from chatsite.routing import router  # isort: skip
from rooms.presence import typing  # isort: skip

__all__ = ["application"]


def inside(connection: Connection, data: dict[str, Any]) -> dict[str, Any]:
    bus, relay = processes.bus, peers.site
    assert bus
    return {
        "worker": bus.worker,
        "up": bus.up,
        "lag": bus.lag,
        "received": bus.received,
        "events": relay.events,
        "foreign": relay.foreign,
        "refused": relay.refused,
        "dropped": bus.publisher.dropped,
        "channels": sorted(name.removeprefix(bus.prefix) for name in bus._confirmed),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
    }


typing.TYPING_SECONDS = 120.0
router.events["inside"] = event("inside", inside)
