"""One event: authorise, check, call its handler, answer. Whatever goes wrong becomes the contract's error."""

import logging
from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from chatsite.api import translate
from chatsite.errors import ChatError, Invalid, NotFound, Unauthorized, Unavailable, UnknownEvent
from chatsite.realtime import delivery, wire
from chatsite.realtime.connection import Connection
from chatsite.realtime.packets import Packet
from chatsite.realtime.routing import Event, Router

logger = logging.getLogger("chatsite.realtime")


def handle(router: Router, connection: Connection, packet: Packet) -> None:
    name, arguments = packet.data[0], packet.data[1:]
    try:
        connection.user = router.authorise(connection)
    except Unauthorized as error:
        reply(connection, packet.number, name, error)
        delivery.end(connection, getattr(error, "ended", "logged_out"))
        return
    except Exception as error:
        reply(connection, packet.number, name, translated(error, name))
        return
    try:
        result = call(route(router, name), connection, arguments)
    except Exception as error:
        reply(connection, packet.number, name, translated(error, name))
    else:
        if packet.number is not None:
            connection.channel.push(wire.ack(packet.number, {"ok": True, **(result or {})}))


def route(router: Router, name: str) -> Event:
    try:
        return router.events[name]
    except KeyError:
        raise UnknownEvent from None


def call(event: Event, connection: Connection, arguments: list[Any]) -> dict[str, Any] | None:
    if len(arguments) != 1 or not isinstance(arguments[0], dict):
        raise Invalid("An event takes one object.")
    data = arguments[0]
    if event.serializer is not None:
        serializer = event.serializer(data=data, context={"connection": connection})
        serializer.is_valid(raise_exception=True)
        data = dict(serializer.validated_data)
    return event.handler(connection, data)


def translated(error: Exception, name: str) -> ChatError:
    """Anything nobody foresaw is logged here, once, and is `unavailable` to the client."""
    if isinstance(error, ObjectDoesNotExist):
        return NotFound()
    known = translate(error)
    if known is not None:
        return known
    logger.error("the handler of %r failed", name, exc_info=error)
    return Unavailable()


def reply(connection: Connection, number: int | None, name: str, error: ChatError) -> None:
    """The failed ack or, where none was asked for, `request-failed`."""
    if number is None:
        connection.channel.push(wire.event("request-failed", {"event": name, "error": error.payload()}))
    else:
        connection.channel.push(wire.ack(number, {"ok": False, "error": error.payload()}))
