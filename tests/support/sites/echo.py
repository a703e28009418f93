"""A site with a router of its own, for what the real handlers give no handle on. Served like the real one."""

import os
import sys
import threading
from pathlib import Path
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django = get_wsgi_application()

import eventlet  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.db import OperationalError  # noqa: E402
from django.db import connection as database  # noqa: E402
from rest_framework import serializers  # noqa: E402

from chatsite.contract.errors import RateLimited, Unauthorized  # noqa: E402
from chatsite.realtime.delivery import delivery, revocation, subscriptions  # noqa: E402
from chatsite.realtime.delivery.connection import Connection  # noqa: E402
from chatsite.realtime.delivery.identity import Identity  # noqa: E402
from chatsite.realtime.socketio.routing import Router, event, every  # noqa: E402
from chatsite.realtime.socketio.server import sio, wsgi  # noqa: E402
from chatsite.web.fields import StrictSerializer, Text, Whole  # noqa: E402
from chatsite.web.rest.api import translate  # noqa: E402
from tests.support.sites import handshake_deadlines  # noqa: E402, F401

# Connections that came and went, for tests to ask: ("connected" | "disconnected", username).
history: list[tuple[str, str]] = []
revoked: set[str] = set()
ticks: list[int] = []
# The job's next run fails.
broken: list[bool] = []


class Speech(StrictSerializer):
    text = Text(max_length=10_000)
    times = Whole(default=1)


def authenticate(environ: dict[str, Any], auth: Any) -> Identity:
    name = (auth or {}).get("token") if isinstance(auth, dict) else None
    if name == "down":
        raise OperationalError("the database is down")
    if name == "bug":
        raise RuntimeError("a bug in authenticate")
    if not isinstance(name, str) or name == "stranger":
        raise Unauthorized
    return Identity(user_id=sum(name.encode()), username=name, session_key=f"key-{name}")


def authorise(connection: Connection) -> str:
    if connection.identity.username == "early":
        delivery.to_user(connection.identity.user_id, "news", {})
    if connection.identity.username in revoked:
        raise Unauthorized
    return connection.identity.username


def connected(connection: Connection) -> None:
    history.append(("connected", connection.identity.username))


def disconnected(connection: Connection) -> None:
    history.append(("disconnected", connection.identity.username))


def echo(connection: Connection, data: dict[str, Any]) -> dict[str, Any]:
    return {"echo": data}


def join(connection: Connection, data: dict[str, Any]) -> None:
    subscriptions.subscribe(connection, data["room"])


def say(connection: Connection, data: dict[str, Any]) -> None:
    """Publishes `times` events of `size` bytes into `room`."""
    for number in range(data.get("times", 1)):
        payload = {"n": number, "text": data.get("text", "") or "x" * data.get("size", 0)}
        delivery.to_room(data["room"], "said", payload, droppable=data.get("droppable", False))
        if data.get("pause"):
            eventlet.sleep(data["pause"])


def slow(connection: Connection, data: dict[str, Any]) -> dict[str, Any]:
    """The earlier, the slower: handlers that ran side by side would end in the wrong order."""
    eventlet.sleep(data["seconds"])
    return {"n": data["n"]}


def query(connection: Connection, data: dict[str, Any]) -> dict[str, Any]:
    with database.cursor() as cursor:
        cursor.execute("SELECT 1")
        return {"one": cursor.fetchone()[0]}


def stall(connection: Connection, data: dict[str, Any]) -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [data["seconds"]])


def lock(connection: Connection, data: dict[str, Any]) -> None:
    """Waits for who holds that lock alone; others who ask here don't keep each other from it."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_lock_shared(%s), pg_advisory_unlock_shared(%s)", [data["lock"]] * 2
        )


def fail(connection: Connection, data: dict[str, Any]) -> None:
    match data.get("how"):
        case "database":
            raise OperationalError("gone")
        case "limit":
            raise RateLimited(retry_after=3)
        case "check":
            raise serializers.ValidationError({"body": ["Too dull."]})
    raise RuntimeError("a bug")


def hash_(connection: Connection, data: dict[str, Any]) -> None:
    make_password("correct horse battery")


def end(connection: Connection, data: dict[str, Any]) -> None:
    revocation.end_sessions(sum(data["user"].encode()), "banned")


def break_(connection: Connection, data: dict[str, Any]) -> None:
    broken.append(True)


def revoke(connection: Connection, data: dict[str, Any]) -> None:
    revoked.add(data["user"])


def state(connection: Connection, data: dict[str, Any]) -> dict[str, Any]:
    """Return the server's state as seen from inside its process."""
    import asyncio
    import gc

    from eventlet.hubs import get_hub

    from chatsite.realtime.delivery.connection import Connection as Class

    enabled, frozen = gc.isenabled(), gc.get_freeze_count()
    # The server freezes what is old, and a frozen cycle would be neither freed nor found.
    gc.unfreeze()
    gc.collect()
    objects = sum(issubclass(type(thing), Class) for thing in gc.get_objects())
    gc.freeze()
    return {
        "history": history,
        "sockets": len(sio.eio.sockets),
        "sessions": len(sio._sessions),
        "held": sum(session.rate_paused for session in sio._sessions.values()),
        "half_open": sum(sio.eio.half_open.values()),
        "connections": len(subscriptions.all_connections()),
        "objects": objects,
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "collects": enabled,
        "frozen": frozen,
        # Ours is one of eventlet's with a meter.
        "hub": type(get_hub()).__mro__[1].__module__,
        "asyncio": asyncio._get_running_loop() is not None,
        "wait": wait_of_psycopg(),
        "jobs": len(ticks),
        "threads": threading.active_count(),
    }


def wait_of_psycopg() -> str | None:
    """Return the module of the function by which psycopg waits; None where psycopg isn't used."""
    waiting = sys.modules.get("psycopg.waiting")
    return str(waiting.wait.__module__) if waiting else None


def tick() -> None:
    ticks.append(1)
    if broken:
        broken.pop()
        raise RuntimeError("a job that fails goes on")


sio.route(
    Router(
        events=[
            event("echo", echo),
            event("speak", echo, Speech),
            event("join", join),
            event("say", say),
            event("slow", slow),
            event("query", query),
            event("stall", stall),
            event("lock", lock),
            event("fail", fail),
            event("hash", hash_),
            event("end", end),
            event("break", break_),
            event("revoke", revoke),
            event("state", state),
        ],
        authenticate=authenticate,
        authorise=authorise,
        translate=translate,
        connected=connected,
        disconnected=disconnected,
        jobs=[every(0.1, tick)],
    )
)
application = wsgi(django)
