"""Dispatch one event: authorise, validate, call its handler, answer. Every failure becomes the contract's
error."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from hashlib import blake2b
from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from chatsite.contract.errors import (
    ChatError,
    Internal,
    Invalid,
    NotFound,
    Unauthorized,
    Unavailable,
    UnknownEvent,
)
from chatsite.observability.logs import request_id
from chatsite.observability.metrics import counters
from chatsite.realtime.delivery import revocation
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.protocol import packets
from chatsite.realtime.protocol.packets import Packet
from chatsite.realtime.socketio.routing import Checker, Event, Router

logger = logging.getLogger("chatsite.realtime")


def handle(router: Router, connection: Connection, packet: Packet) -> None:
    """Handle one event and answer it."""
    name, arguments = packet.data[0], packet.data[1:]
    try:
        connection.user = router.authorise(connection)
        event = route(router, name)
        result = event.handler(connection, validated(event, connection, arguments))
    except Exception as error:
        answer(router, connection, packet, error)
    else:
        answer(router, connection, packet, result)
    finally:
        # A row takes a kilobyte, and the connection may be quiet for hours.
        connection.user = None


def begin(
    router: Router, event: Event, connection: Connection, packet: Packet, finished: Callable[[], None]
) -> None:
    """Start a deferred event; `finished` is called after its answer."""
    done = partial(conclude, router, connection, packet, finished)
    try:
        event.handler(connection, validated(event, connection, packet.data[1:]), done)
    except Exception as error:
        done(error)


def conclude(
    router: Router,
    connection: Connection,
    packet: Packet,
    finished: Callable[[], None],
    outcome: dict[str, Any] | Exception,
) -> None:
    try:
        answer(router, connection, packet, outcome)
    finally:
        finished()


def answer(
    router: Router, connection: Connection, packet: Packet, outcome: dict[str, Any] | Exception | None
) -> None:
    """Send the ack, where one was asked for, or the error. Unauthorized also ends the connection."""
    if not isinstance(outcome, Exception):
        counters.events[packet.data[0], "ok"] += 1
        if packet.number is not None:
            connection.channel.push(packets.ack(packet.number, {"ok": True, **(outcome or {})}))
        return
    error = translated(router, outcome, packet.data[0], connection.sid)
    reply(connection, packet.number, packet.data[0], error)
    if isinstance(outcome, Unauthorized):
        revocation.end(connection, getattr(outcome, "ended", "logged_out"))


def route(router: Router, name: str) -> Event:
    try:
        return router.events[name]
    except KeyError:
        raise UnknownEvent from None


def validated(event: Event, connection: Connection, arguments: list[Any]) -> dict[str, Any]:
    """Return the event's data, checked by its serializer. Raises Invalid."""
    if len(arguments) != 1 or not isinstance(arguments[0], dict):
        raise Invalid("An event takes one object.")
    data = arguments[0]
    if event.serializer is not None:
        data = validator(event.serializer).checked(data)
    return data


@cache
def validator(serializer: type[Checker]) -> Checker:
    """Return the one instance of a serializer, which serves all events: making one copies its fields, which
    costs more than checking, and checking leaves nothing behind in it."""
    return serializer()


def translated(router: Router, error: Exception, name: str, sid: str) -> ChatError:
    """Return the contract's error of an exception. An unforeseen one is logged, once, and is `internal` to
    the client."""
    if isinstance(error, ObjectDoesNotExist):
        return NotFound()
    known = router.translate(error)
    if known is not None:
        if isinstance(known, Unavailable) and known is not error:
            with logged_as_socket(sid):
                logger.warning("%r could not be done: %s", name, error)
        return known
    with logged_as_socket(sid):
        logger.error("the handler of %r failed", name, exc_info=error)
    return Internal()


@contextmanager
def logged_as_socket(sid: str) -> Iterator[None]:
    """Mark log lines inside as those of one socket, as lines of one request are. Not by the sid: whoever
    knows that can poll as its owner."""
    token = request_id.set(f"socket-{blake2b(sid.encode(), digest_size=4).hexdigest()}")
    try:
        yield
    finally:
        request_id.reset(token)


def reply(connection: Connection, number: int | None, name: str, error: ChatError) -> None:
    """Send the failed ack or, where none was asked for, `request-failed`."""
    counters.failed(name, error.code)
    if number is None:
        connection.channel.push(packets.event("request-failed", {"event": name, "error": error.payload()}))
    else:
        connection.channel.push(packets.ack(number, {"ok": False, "error": error.payload()}))
