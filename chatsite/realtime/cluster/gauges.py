"""Gauges and counters of the bus for Prometheus."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, Metric

from chatsite.observability.metrics.collector import gauges

if TYPE_CHECKING:
    from chatsite.realtime.cluster.bus import Bus


def of_bus(bus: "Bus") -> Iterator[Metric]:
    publisher = bus.publisher
    values: Iterable[tuple[str, str, float]] = (
        ("bus_up", "Whether this process hears the others", bus.up),
        ("bus_lag_seconds", "What a word to oneself takes through Redis", bus.lag),
        (
            "bus_canary_age_seconds",
            "Since a word to oneself was heard; above 10 it is deaf",
            bus.canary_age,
        ),
        ("bus_waiting", "Commands that wait to be sent to Redis", publisher.waiting),
    )
    yield from gauges(values)
    for name, says, total in (
        ("bus_sent", "Commands sent to Redis", publisher.sent),
        ("bus_dropped", "Commands dropped as Redis was away", publisher.dropped),
        ("bus_received_bytes", "Bytes heard from Redis", bus.received),
    ):
        yield CounterMetricFamily(f"chatsite_{name}", says, value=total)
