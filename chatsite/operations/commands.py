"""Run `manage.py`'s commands as part of the site: a command that revokes a right returns, as a request does, once all
processes of the server have applied it."""

import gc
import os

import django
from django.conf import settings
from django.core.management import execute_from_command_line

from chatsite.database import sql
from chatsite.realtime.delivery import peers

# Django's commands that revoke rights without a service of ours.
REVOKING_COMMANDS = {"changepassword"}
# Commands whose process becomes the server.
SERVER_COMMANDS = {"serve"}
# With "yes" eventlet loads no resolver of its own; it reads this while it is imported.
RESOLVER_SETTING = "EVENTLET_NO_GREENDNS"


def run(arguments: list[str]) -> None:
    set_up()
    name = arguments[1] if len(arguments) > 1 else ""
    if not (settings.REDIS_URL and sql.postgresql()) or name in SERVER_COMMANDS:
        execute_from_command_line(arguments)
        return
    # Imported late: redis-py is slow to import.
    from chatsite.realtime.cluster.command_client import CommandClient

    peers.site = client = CommandClient()
    try:
        execute_from_command_line(arguments)
    finally:
        if client.ended or name in REVOKING_COMMANDS:
            client.wait()


def set_up() -> None:
    """Set Django up without garbage collection: what is loaded stays, so the collector needn't look at it, now or later.
    A command never waits in eventlet's loop, so eventlet needn't load its resolver, which takes a sixth of the start."""
    gc.disable()
    wanted = os.environ.get(RESOLVER_SETTING)
    os.environ[RESOLVER_SETTING] = "yes"
    try:
        django.setup()
    finally:
        # `serve` becomes the server, which may need the resolver.
        if wanted is None:
            del os.environ[RESOLVER_SETTING]
        else:
            os.environ[RESOLVER_SETTING] = wanted
    gc.freeze()
    gc.enable()
