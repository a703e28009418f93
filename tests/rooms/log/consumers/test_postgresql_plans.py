"""PostgreSQL goes by an index for what consumers read again and again, whatever it knows of the tables."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications import consumer, facts
from rooms.log.consumers import positions
from rooms.models import Event

pytestmark = pytest.mark.django_db
LINES = 20_000


@pytest.fixture
def long_log(private_room, say):
    """A room whose log is nearly all of the site's, as of which PostgreSQL knows."""
    first = say(private_room)
    names = [field.column for field in Event._meta.concrete_fields if field.column not in ("id", "seq")]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO rooms_event (seq, {", ".join(names)})
                SELECT %s + n, {", ".join(names)} FROM rooms_event, generate_series(1, %s) n
                WHERE room_id = %s AND seq = %s""",
            [first, LINES, private_room.pk, first],
        )
        cursor.execute("ANALYZE")
    return first


def plan_of(act):
    """How PostgreSQL would do the one query of `act`."""
    with CaptureQueriesContext(connection) as done:
        act()
    (query,) = done.captured_queries
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {query['sql']}")
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("sieved", [False, True])
def test_a_range_of_a_long_log(sieved, long_log, private_room):
    ranges = {private_room.pk: (long_log + 10_000, long_log + 10_100)}
    ids = facts.calm_rooms([private_room.pk]) if sieved else ()
    plan = plan_of(lambda: positions.lines(ranges, sorted(consumer.EVENTS), consumer.SIEVE, ids))
    assert "using event_seq_once" in plan
    assert "Seq Scan on rooms_event" not in plan
    assert "hashed SubPlan" not in plan, "all messages are read for one statement"
