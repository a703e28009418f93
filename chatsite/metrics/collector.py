"""What Prometheus gets: the tallies, and what can be asked of the server itself at that moment.

Every number is of this process; `workers.py` asks the others.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping
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

from chatsite import processes
from chatsite.metrics import databases, tallies
from chatsite.metrics.tallies import Counts, Histogram
from chatsite.realtime import listeners
from chatsite.realtime.server import sio

# Name, what it says, labels, and the tally.
COUNTERS: tuple[tuple[str, str, tuple[str, ...], Counts], ...] = (
    ("handshakes", "Sockets opened", ("transport",), tallies.handshakes),
    ("refusals", "Handshakes, polls and HTTP requests refused", ("status", "reason"), tallies.refusals),
    (
        "admissions",
        "Sockets that asked to come in, by what they were answered",
        ("outcome",),
        tallies.admissions,
    ),
    ("closings", "Sockets closed", ("reason",), tallies.closings),
    ("cuts", "Sockets cut because they read too slowly", ("reason",), tallies.cuts),
    ("dropped", "Deliveries left out for readers that are behind", (), tallies.dropped),
    ("events", "Events of clients handled, by what they were answered", ("event", "outcome"), tallies.events),
    ("http_requests", "HTTP requests answered by Django", ("method", "view", "status"), tallies.requests),
    ("database_errors", "Errors of the database's driver", ("kind",), tallies.database_errors),
)
HISTOGRAMS: tuple[tuple[str, str, tuple[str, ...], Any], ...] = (
    ("fan_out_seconds", "From a delivery until all sockets had it", (), tallies.fan_out),
    ("batch_size", "Items committed or looked up together", ("batch",), tallies.batch_sizes),
    ("batch_seconds", "Time that a batch took", ("batch",), tallies.batch_seconds),
    ("http_request_seconds", "Time that a request took", ("method", "view"), tallies.request_seconds),
    ("hub_lag_seconds", "How late a timer came: the hub was busy or blocked so long", (), tallies.hub_lag),
)


class ServerCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("chatsite_build", "What runs here", value=build())
        yield from gauges()
        yield from bus()
        yield transports()
        yield database_connections()
        for name, says, labels, counts in COUNTERS:
            yield counter(name, says, labels, counts)
        deliveries: dict[tuple[str, ...], int] = {
            (event,): count for event, count in tallies.deliveries.items()
        }
        yield counter("deliveries", "Events handed to sockets", ("event",), deliveries)
        for name, says, labels, held in HISTOGRAMS:
            histograms = {(): held} if isinstance(held, Histogram) else held
            yield histogram(name, says, labels, list(histograms.items()))


@cache
def build() -> dict[str, str]:
    return {
        "version": settings.VERSION,
        "python": platform.python_version(),
        "django": django.get_version(),
        "database": connection.vendor,
    }


def gauges() -> Iterator[Metric]:
    sockets = list(sio.eio.sockets.values())
    values: Iterable[tuple[str, str, float]] = (
        ("connections", "Connections that are let in", len(listeners.all_connections())),
        ("users_online", "People with a connection", listeners.people()),
        ("rooms_joined", "Rooms that a connection has joined", listeners.rooms_joined()),
        ("outbox_bytes", "Bytes that wait for sockets", sum(socket.waiting for socket in sockets)),
        (
            "outbox_sockets",
            "Sockets for which something waits",
            sum(socket.waiting > 0 for socket in sockets),
        ),
        ("half_open", "Sockets that haven't asked to come in yet", sum(sio.eio.half_open.values())),
        ("runners_busy", "Greenlets that handle events", sio.runners.busy),
        ("runners_waiting", "Sockets whose events wait for a greenlet", sio.runners.waiting),
    )
    for name, says, value in values:
        yield GaugeMetricFamily(f"chatsite_{name}", says, value=value)


def bus() -> Iterator[Metric]:
    """Nothing where there is one process."""
    if processes.bus is None:
        return
    publisher = processes.bus.publisher
    values: Iterable[tuple[str, str, float]] = (
        ("bus_up", "Whether this process hears the others", processes.bus.up),
        ("bus_lag_seconds", "What a word to oneself takes through Redis", processes.bus.lag),
        (
            "bus_canary_age_seconds",
            "Since a word to oneself was heard; above 10 it is deaf",
            processes.bus.canary_age,
        ),
        ("bus_waiting", "Commands that wait to be sent to Redis", publisher.waiting),
    )
    for name, says, value in values:
        yield GaugeMetricFamily(f"chatsite_{name}", says, value=value)
    for name, says, total in (
        ("bus_sent", "Commands sent to Redis", publisher.sent),
        ("bus_dropped", "Commands dropped as Redis was away", publisher.dropped),
        ("bus_received_bytes", "Bytes heard from Redis", processes.bus.received),
    ):
        yield CounterMetricFamily(f"chatsite_{name}", says, value=total)


def transports() -> Metric:
    family = GaugeMetricFamily("chatsite_sockets", "Open sockets, let in or not", labels=["transport"])
    upgraded = sum(socket.upgraded for socket in sio.eio.sockets.values())
    family.add_metric(["websocket"], upgraded)
    family.add_metric(["polling"], len(sio.eio.sockets) - upgraded)
    return family


def database_connections() -> Metric:
    family = GaugeMetricFamily("chatsite_database_connections", "Open connections", labels=["state"])
    family.add_metric(["used"], databases.in_use())
    family.add_metric(["idle"], databases.idle())
    return family


def counter(name: str, says: str, labels: tuple[str, ...], counts: Mapping[tuple[str, ...], int]) -> Metric:
    family = CounterMetricFamily(f"chatsite_{name}", says, labels=labels)
    for values, count in list(counts.items()) or ([] if labels else [((), 0)]):
        family.add_metric(values, count)
    return family


def histogram(
    name: str, says: str, labels: tuple[str, ...], held: list[tuple[tuple[str, ...], Histogram]]
) -> Metric:
    family = HistogramMetricFamily(f"chatsite_{name}", says, labels=labels)
    for values, one in held:
        bounds = [floatToGoString(bound) for bound in (*one.bounds, float("inf"))]
        family.add_metric(values, list(zip(bounds, accumulate(one.counts), strict=True)), one.total)
    return family


REGISTRY.register(ServerCollector())
