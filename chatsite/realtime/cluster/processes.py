"""This process among those of its site: its bus and its revocation barrier. Both are None where it is the only one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chatsite.observability import health
from chatsite.observability.metrics import collector
from chatsite.realtime.cluster import gauges

if TYPE_CHECKING:  # redis-py takes its time and some megabytes
    from chatsite.realtime.cluster.bus import Bus
    from chatsite.realtime.cluster.revocation_barrier import RevocationBarrier

bus: "Bus | None" = None
barrier: "RevocationBarrier | None" = None


def join(site_bus: "Bus", site_barrier: "RevocationBarrier") -> None:
    """Before anybody is connected."""
    global bus, barrier
    bus, barrier = site_bus, site_barrier
    health.checks["bus"] = lambda: not site_bus.deaf
    collector.sources.append(lambda: gauges.of_bus(site_bus))


@contextmanager
def rechecking() -> Iterator[None]:
    """A whole recheck of who may stay: other processes may count on it once it is over."""
    if barrier is None:
        yield
        return
    with barrier.rechecking():
        yield
