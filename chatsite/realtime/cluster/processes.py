"""The bus and revocation barrier of this process; both are None where the site has a single process."""

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
    """Set both, before anybody is connected."""
    global bus, barrier
    bus, barrier = site_bus, site_barrier
    health.checks["bus"] = lambda: not site_bus.deaf
    collector.sources.append(lambda: gauges.of_bus(site_bus))


@contextmanager
def rechecking() -> Iterator[None]:
    """Recheck all connections inside: other processes may rely on it once the block has ended."""
    if barrier is None:
        yield
        return
    with barrier.rechecking():
        yield
