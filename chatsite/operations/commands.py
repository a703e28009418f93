"""Commands from outside of the server. One that takes somebody's right away is over when that has ended in all processes of
the site, as a request is."""

import gc

import django
from django.conf import settings
from django.core.management import execute_from_command_line

from chatsite.database import sql
from chatsite.realtime.delivery import peers

# Django's own, which tell nobody.
REVOKING_COMMANDS = {"changepassword"}
# It becomes the server.
SERVER_COMMANDS = {"serve"}


def run(arguments: list[str]) -> None:
    set_up()
    name = arguments[1] if len(arguments) > 1 else ""
    if not (settings.REDIS_URL and sql.postgresql()) or name in SERVER_COMMANDS:
        execute_from_command_line(arguments)
        return
    # redis-py takes its time.
    from chatsite.realtime.cluster.command_client import CommandClient

    peers.site = client = CommandClient()
    try:
        execute_from_command_line(arguments)
    finally:
        if client.ended or name in REVOKING_COMMANDS:
            client.wait()


def set_up() -> None:
    """Nothing goes of what is loaded: the collector needn't look at it, now or later."""
    gc.disable()
    django.setup()
    gc.freeze()
    gc.enable()
