"""Gauges of the Socket.IO server for Prometheus."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from chatsite.observability.metrics.collector import gauges
from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.socketio.server import sio


def of_server() -> Iterator[Metric]:
    """Yield the gauges of this process: connections, people, buffered bytes, handlers."""
    sockets = list(sio.eio.sockets.values())
    values: Iterable[tuple[str, str, float]] = (
        ("connections", "Connections that are let in", len(subscriptions.all_connections())),
        ("users_online", "People with a connection", subscriptions.people()),
        ("rooms_joined", "Rooms that a connection has joined", subscriptions.rooms_joined()),
        ("outbox_bytes", "Bytes that wait for sockets", sum(socket.waiting for socket in sockets)),
        (
            "outbox_sockets",
            "Sockets for which something waits",
            sum(socket.waiting > 0 for socket in sockets),
        ),
        ("half_open", "Sockets that haven't asked to come in yet", sum(sio.eio.half_open.values())),
        ("runners_busy", "Greenlets that handle events", sio.handler_pool.busy),
        ("runners_waiting", "Sockets whose events wait for a greenlet", sio.handler_pool.waiting),
    )
    yield from gauges(values)
    yield transports()


def transports() -> Metric:
    family = GaugeMetricFamily("chatsite_sockets", "Open sockets, let in or not", labels=["transport"])
    upgraded = sum(socket.upgraded for socket in sio.eio.sockets.values())
    family.add_metric(["websocket"], upgraded)
    family.add_metric(["polling"], len(sio.eio.sockets) - upgraded)
    return family
