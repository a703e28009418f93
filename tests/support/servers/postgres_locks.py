"""Waiting for a session of PostgreSQL that waits for a lock."""

from collections.abc import Callable
from time import monotonic, sleep

from django.db import connection

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def until_waiting(over: Callable[[], bool] = lambda: False, seconds: float = 60) -> None:
    """Return once a session of this database waits for a lock, or `over` is true."""
    deadline = monotonic() + seconds
    while not over():
        assert monotonic() < deadline, "nobody waits"
        with connection.cursor() as cursor:
            # Within a transaction it shows the same activity again and again.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
        sleep(0.01)
