"""The site with consumers of the log, short leases, and little patience. Each notes in a file of the folder NOTES what it
was given: one handles it, one waits for ever, and one raises."""

import os
from pathlib import Path

import eventlet

from chatsite.wsgi import application  # isort: skip
from chatsite.database import sql
from chatsite.realtime.worker import eventlet_worker
from rooms.log.consumers import lease, registry, runner, service

__all__ = ["application"]

# A lease outlasts a process that stands still for some seconds.
lease.LEASE_SECONDS, runner.RENEW_SECONDS, service.LOOK_SECONDS = 10, 1.0, 0.5
runner.HANDLE_TIMEOUT_SECONDS = 1.0
# Long enough for the slowest machine to give its leases up.
eventlet_worker.GRACE_SECONDS = 20
# Between what the handler has done and the position's move.
HANDLED_SECONDS = 0.05


def note(name, room, lines):
    with (Path(os.environ["NOTES"]) / name).open("a") as file:
        file.writelines(f"{os.getpid()} {room.slug} {line.seq}\n" for line in lines)


def handling(room, lines):
    note("handling", room, lines)
    eventlet.sleep(HANDLED_SECONDS)
    return True


def hanging(room, lines):
    note("hanging", room, lines)
    if sql.postgresql():
        # Amid a statement.
        sql.run("SELECT pg_sleep(5)")
    eventlet.sleep(3600)
    return True


def raising(room, lines):
    note("raising", room, lines)
    raise ValueError("a secret")


for handler in (handling, hanging, raising):
    registry.register(registry.LogConsumer(handler.__name__, frozenset({"chat-message"}), handler))
