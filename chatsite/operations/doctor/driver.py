"""Measure whether a waiting query blocks the event loop. A process of its own, as it patches itself like the worker."""

import json
import os
import sys

from chatsite.realtime.worker.eventlet_worker import patch

# Length of the query, and of the sleep of a greenlet that runs meanwhile.
QUERY_SECONDS, TURN_SECONDS = 0.5, 0.02


def measure() -> dict[str, float]:
    """Return the `turns` that the greenlet got during the query, how many were `due`, and the query's `seconds`."""
    import eventlet
    from django.db import connection

    turns = 0

    def take_turns() -> None:
        nonlocal turns
        while True:
            eventlet.sleep(TURN_SECONDS)
            turns += 1

    with connection.cursor() as cursor:
        taker = eventlet.spawn(take_turns)
        cursor.execute("SELECT pg_sleep(%s)", [QUERY_SECONDS])
        taker.kill()
    return {"turns": turns, "due": QUERY_SECONDS / TURN_SECONDS, "seconds": QUERY_SECONDS}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    patch()
    import django

    django.setup()
    json.dump(measure(), sys.stdout)
