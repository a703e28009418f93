"""Check the clocks: this machine's against the database's, and against the newest message."""

import time
from datetime import UTC, datetime, timedelta

from django.db import connection

from chatsite.operations.doctor.database import query_value
from chatsite.operations.doctor.findings import Finding, Findings, ok, wrong

# An error in a message's time that nobody notices.
MAX_CLOCK_DIFFERENCE_SECONDS = 2.0


def clock() -> Findings:
    found = [*database_clock(), *future_messages()]
    yield from found or [ok("clock", f"It is {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, here and there.")]


def database_clock() -> list[Finding]:
    if connection.vendor != "postgresql":
        return []
    before = time.time()
    theirs = float(query_value("SELECT extract(epoch FROM clock_timestamp())"))
    apart = theirs - (before + time.time()) / 2
    if abs(apart) < MAX_CLOCK_DIFFERENCE_SECONDS:
        return []
    return [
        wrong("clock", f"The database's is {apart:+.1f} s from ours.", "Let both machines keep time by NTP.")
    ]


def future_messages() -> list[Finding]:
    """Find a newest message that is more than 60 s in the future: the clock was wrong then, or is now."""
    if "messaging_message" not in connection.introspection.table_names():
        return []
    from messaging.models import Message

    newest = Message.objects.order_by("-pk").values_list("created_at", flat=True).first()
    if newest is None or newest - datetime.now(UTC) < timedelta(seconds=60):
        return []
    return [
        wrong(
            "clock",
            f"The newest message is of {newest:%Y-%m-%d %H:%M} UTC, which is to come.",
            "Set the clock: NTP.",
        )
    ]
