"""Check the consumers of the log: whether they get on."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection

from chatsite.operations.doctor.findings import Findings, note, ok, wrong

# Seconds that a line may wait for a consumer. A process that was killed is replaced after 17.
MAX_WAIT_SECONDS = 120.0


def consumers() -> Findings:
    """Find consumers that are behind, and lines that they gave up. Says nothing of a site without consumers."""
    if "rooms_consumer" not in connection.introspection.table_names():
        return
    from rooms.log.consumers import services
    from rooms.models import Consumer

    reports = services.reports()
    rows = [row for row in Consumer.objects.order_by("name") if services.registered(row)]
    found = [finding for row in rows for finding in consumer(row, reports[row.pk])]
    if rows and not found:
        found = [ok("consumers", f"{', '.join(row.name for row in rows)}: nothing waits.")]
    yield from found


def consumer(row: Any, report: Any) -> Findings:
    waits = (datetime.now(UTC) - report.since).total_seconds() if report.since else 0.0
    if row.paused and report.lines:
        yield note(
            "consumers",
            f"{row.name} is paused, {report.lines} lines behind.",
            "Let it go on in the administration.",
        )
    elif waits > MAX_WAIT_SECONDS:
        why = f"its last error is {report.error}" if report.error else "the log says why"
        who = "a process" if row.holder else "no process"
        yield wrong(
            "consumers",
            f"{row.name} is {report.lines} lines and {waits:.0f} s behind; {who} runs it.",
            f"Is the site running? If so, {why}.",
        )
    if report.failed:
        yield note(
            "consumers",
            f"{row.name} has given {report.failed} lines up: {report.error}.",
            "Once the cause is gone, have them tried again in the administration.",
        )
