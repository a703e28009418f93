"""Convert this process's counters, and the gauges of `sources`, to Prometheus' metrics.

`workers.py` adds those of the other workers.
"""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import accumulate
from typing import Any

import django
from django.conf import settings
from django.db import connection
from prometheus_client import REGISTRY
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from chatsite.observability.metrics import counters, databases
from chatsite.observability.metrics.counters import Counts, Histogram

# Name without `chatsite_`, help text, labels, and the counts.
COUNTERS: tuple[tuple[str, str, tuple[str, ...], Counts], ...] = (
    ("handshakes", "Sockets opened", ("transport",), counters.handshakes),
    ("refusals", "Handshakes, polls and HTTP requests refused", ("status", "reason"), counters.refusals),
    (
        "admissions",
        "Sockets that asked to come in, by what they were answered",
        ("outcome",),
        counters.admissions,
    ),
    ("closings", "Sockets closed", ("reason",), counters.closings),
    ("cuts", "Sockets cut because they read too slowly", ("reason",), counters.cuts),
    ("dropped", "Deliveries left out for readers that are behind", (), counters.dropped),
    (
        "events",
        "Events of clients handled, by what they were answered",
        ("event", "outcome"),
        counters.events,
    ),
    ("http_requests", "HTTP requests answered by Django", ("method", "view", "status"), counters.requests),
    (
        "consumer_handled",
        "Lines of rooms' logs that consumers handled or couldn't",
        ("consumer", "outcome"),
        counters.consumed,
    ),
    ("child_starts", "Child processes started", ("kind",), counters.child_starts),
    (
        "child_jobs",
        "Jobs of child processes, by how they ended",
        ("kind", "outcome"),
        counters.child_jobs,
    ),
    ("uploads", "Files uploaded, by what they were answered", ("outcome",), counters.uploads),
    (
        "file_bytes",
        "Bytes of files received or sent in turns of threads",
        ("direction",),
        counters.transferred,
    ),
    ("database_errors", "Errors of the database's driver", ("kind",), counters.database_errors),
)
HISTOGRAMS: tuple[tuple[str, str, tuple[str, ...], Any], ...] = (
    ("fan_out_seconds", "From a delivery until all sockets had it", (), counters.fan_out),
    ("batch_size", "Items committed or looked up together", ("batch",), counters.batch_sizes),
    ("batch_seconds", "Time that a batch took", ("batch",), counters.batch_seconds),
    ("http_request_seconds", "Time that a request took", ("method", "view"), counters.request_seconds),
    ("hub_lag_seconds", "How late a timer came: the hub was busy or blocked so long", (), counters.hub_lag),
)


# Functions of other modules that yield gauges, called at each scrape.
sources: list[Callable[[], Iterable[Metric]]] = []


class ServerCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("chatsite_build", "What runs here", value=build())
        for source in sources:
            yield from source()
        yield database_connections()
        for name, help_text, labels, counts in COUNTERS:
            yield counter(name, help_text, labels, counts)
        deliveries: dict[tuple[str, ...], int] = {
            (event,): count for event, count in counters.deliveries.items()
        }
        yield counter("deliveries", "Events handed to sockets", ("event",), deliveries)
        for name, help_text, labels, held in HISTOGRAMS:
            histograms = {(): held} if isinstance(held, Histogram) else held
            yield histogram(name, help_text, labels, list(histograms.items()))


@cache
def build() -> dict[str, str]:
    return {
        "version": settings.VERSION,
        "python": platform.python_version(),
        "django": django.get_version(),
        "database": connection.vendor,
    }


def gauges(values: Iterable[tuple[str, str, float]]) -> Iterator[Metric]:
    """Yield a gauge for each (name without `chatsite_`, help text, value)."""
    for name, help_text, value in values:
        yield GaugeMetricFamily(f"chatsite_{name}", help_text, value=value)


def database_connections() -> Metric:
    family = GaugeMetricFamily("chatsite_database_connections", "Open connections", labels=["state"])
    family.add_metric(["used"], databases.in_use())
    family.add_metric(["idle"], databases.idle())
    return family


def counter(
    name: str, help_text: str, labels: tuple[str, ...], counts: Mapping[tuple[str, ...], int]
) -> Metric:
    family = CounterMetricFamily(f"chatsite_{name}", help_text, labels=labels)
    for values, count in list(counts.items()) or ([] if labels else [((), 0)]):
        family.add_metric(values, count)
    return family


def histogram(
    name: str, help_text: str, labels: tuple[str, ...], held: list[tuple[tuple[str, ...], Histogram]]
) -> Metric:
    family = HistogramMetricFamily(f"chatsite_{name}", help_text, labels=labels)
    for values, one in held:
        bounds = [floatToGoString(bound) for bound in (*one.bounds, float("inf"))]
        family.add_metric(values, list(zip(bounds, accumulate(one.counts), strict=True)), one.total)
    return family


REGISTRY.register(ServerCollector())
