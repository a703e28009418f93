"""Leases of consumers: one process at a time runs a consumer. They end by the database's clock, so the processes' clocks
don't matter. A lease keeps work from being done twice; that nothing is skipped is held by `positions.move` alone."""

from typing import NamedTuple

from django.db import connection

from chatsite.database import sql
from rooms.models import Consumer

# Seconds without a renewal after which another process may take a consumer over.
LEASE_SECONDS = 15


class Standing(NamedTuple):
    """A consumer's row. `free` says that its lease has ended, or that there is none."""

    id: int
    name: str
    holder: str
    paused: bool
    off: bool
    free: bool


def clock() -> tuple[str, str]:
    """Return the SQL of the database's time, and of the end of a lease that begins now."""
    if sql.postgresql():
        return "clock_timestamp()", f"clock_timestamp() + interval '{LEASE_SECONDS} seconds'"
    text = "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now'"
    return f"{text})", f"{text}, '+{LEASE_SECONDS} seconds')"


def free() -> str:
    """Return the SQL condition that a lease has ended. One that ends later than any can is of a clock that was set back."""
    now, end = clock()
    return f"(lease_until IS NULL OR lease_until < {now} OR lease_until > {end})"


def look() -> list[Standing]:
    """Return the rows of all consumers."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, name, holder, paused, off, {free()} FROM rooms_consumer", [])
        return [Standing(*row[:3], *map(bool, row[3:])) for row in cursor.fetchall()]


def take(consumer_id: int, holder: str) -> bool:
    """Take or renew a lease; return whether the process has it now."""
    now, end = clock()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE rooms_consumer SET lease_until = {end}, holder = %s,
                held_since = CASE WHEN holder = %s THEN held_since ELSE {now} END
                WHERE id = %s AND NOT paused AND (holder = %s OR {free()})""",
            [holder, holder, consumer_id, holder],
        )
        return bool(cursor.rowcount == 1)


def give_up(consumer_id: int, holder: str) -> None:
    """End the process's lease, if it has it."""
    Consumer.objects.filter(pk=consumer_id, holder=holder).update(holder="", lease_until=None)
