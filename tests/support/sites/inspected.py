"""The real site, with a look inside it at `/inside`: what the operating system doesn't show."""

import gc
import json
from collections.abc import Callable, Iterable
from typing import Any

from chatsite.wsgi import application as site


def look() -> dict[str, int]:
    from greenlet import greenlet

    from chatsite.realtime.delivery.connection import Connection
    from chatsite.realtime.engineio.engine_session import EngineSocket
    from chatsite.realtime.engineio.websocket import WebSocket

    # The server freezes what is old, and a frozen cycle would be neither freed nor found.
    gc.unfreeze()
    gc.collect()
    things = gc.get_objects()
    kinds = {"greenlets": greenlet, "connections": Connection, "sockets": EngineSocket, "links": WebSocket}
    return {
        "objects": len(things),
        **{name: sum(issubclass(type(thing), kind) for thing in things) for name, kind in kinds.items()},
    }


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] != "/inside":
        return site(environ, start_response)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(look()).encode()]
