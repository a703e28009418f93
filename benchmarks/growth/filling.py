"""Fill a database for the measures of growth, by statements over sets. Run under Django's settings.

Half of the messages are in one room, the others in a thousand rooms of ten people. Texts are cut from the documents in
docs/, five to fifteen words each, so that indexes of words hold what they hold of English. Prints bytes by table and index.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.db import connection, transaction

django.setup()

from django.core.management import call_command  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks.growth.site import (  # noqa: E402
    BELONGING,
    CROWD,
    CROWD_PEOPLE,
    FIRST_BELONGING,
    LONG,
    READ_ROOMS,
    READER,
    SIZES,
)
from benchmarks.growth.words import RARE, RARE_MESSAGES, SELDOM, SELDOM_EVERY  # noqa: E402
from benchmarks.people import create, fill_people  # noqa: E402
from benchmarks.servers import ROOT  # noqa: E402
from messaging.search import indexes  # noqa: E402
from messaging.search.postgresql import PARTS  # noqa: E402
from rooms.models import Membership, Room  # noqa: E402

POSTGRESQL = connection.vendor == "postgresql"
SESSION = """
    SET synchronous_commit = off; SET maintenance_work_mem = '1GB'; SET work_mem = '256MB';
    SET session_replication_role = replica;
"""
SIZES_OF = (
    """SELECT c.relname, pg_relation_size(c.oid) FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
       WHERE COALESCE(i.indrelid, c.oid) IN ('messaging_message'::regclass, 'rooms_event'::regclass)"""
    if POSTGRESQL
    else """SELECT d.name, sum(d.pgsize) FROM dbstat d JOIN sqlite_master s ON s.name = d.name
            WHERE s.tbl_name IN ('messaging_message', 'rooms_event') GROUP BY d.name"""
)


def fill_rooms(people: list[User]) -> None:
    for group in (*SIZES, LONG):
        members = people[group.first : group.first + group.people]
        fill_room(f"{group.prefix}0", members)
    crowd = people[CROWD.first : CROWD.first + CROWD_PEOPLE]
    rooms = create(Room, (room_of(f"{CROWD.prefix}{n}") for n in range(CROWD.rooms)))
    seats = (
        Membership(room=room, user=crowd[(CROWD.size * n + k) % CROWD_PEOPLE])
        for n, room in enumerate(rooms)
        for k in range(CROWD.size)
    )
    create(Membership, seats)
    reader = people[READER]
    Membership.objects.create(room=Room.objects.get(slug=f"{LONG.prefix}0"), user=reader)
    # Not a member of these as one of the crowd.
    create(Membership, (Membership(room=room, user=reader) for room in rooms[:READ_ROOMS]))


def fill_room(slug: str, members: list[User]) -> None:
    room = room_of(slug)
    room.save()
    create(Membership, (Membership(room=room, user=user) for user in members))


def room_of(slug: str) -> Room:
    return Room(slug=slug, name=slug, kind="private")


def fill_belonging(people: list[User]) -> None:
    crowd = people[CROWD.first : CROWD.first + CROWD_PEOPLE]
    for number, size in enumerate(BELONGING):
        rooms = create(Room, (room_of(f"in-{size}-{n}") for n in range(size)))
        mine = [Membership(room=room, user=people[FIRST_BELONGING + number]) for room in rooms]
        others = (
            Membership(room=room, user=crowd[(3 * n + k) % CROWD_PEOPLE])
            for n, room in enumerate(rooms)
            for k in range(3)
        )
        create(Membership, [*mine, *others])


def sentences() -> Iterator[str]:
    """Yield five to fifteen words after each other out of the documents."""
    text = " ".join(
        path.read_text() for path in sorted((ROOT / "docs").rglob("*.md")) if path.name != "scale.md"
    )
    words = iter(re.findall(r"[A-Za-z][A-Za-z']*", text))
    for number in range(sys.maxsize):
        some = [word for _, word in zip(range(5 + number % 11), words, strict=False)]
        if len(some) < 5:
            return
        yield " ".join(some)


def fill_messages(length: int) -> None:
    """Store the messages with the log, in the order of time. Every second one is in the long room."""
    found = list(sentences())
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE sentence (id integer PRIMARY KEY, body text)")
        cursor.executemany("INSERT INTO sentence VALUES (%s, %s)", list(enumerate(found)))
        cursor.execute("CREATE TEMP TABLE place (id integer PRIMARY KEY, room_id bigint, first bigint)")
        cursor.execute(
            """INSERT INTO place SELECT row_number() OVER (ORDER BY r.id) - 1, r.id, min(m.user_id)
               FROM rooms_room r JOIN rooms_membership m ON m.room_id = r.id
               WHERE r.slug LIKE 'old-%%' OR r.slug = 'long-0' GROUP BY r.id"""
        )
        cursor.execute(MESSAGES.format(length=length, sentences=len(found), **parts(length)))
        cursor.execute(EVENTS)
        # Members of the crowd's rooms have read all but five; the reader and the writers nothing of the long one.
        cursor.execute(
            """UPDATE rooms_room SET head = s.n FROM (SELECT room_id, count(*) AS n FROM messaging_message
               GROUP BY room_id) AS s WHERE s.room_id = rooms_room.id"""
        )
        cursor.execute(
            """UPDATE rooms_membership SET read_seq = r.head - 5 FROM rooms_room r
               WHERE r.id = rooms_membership.room_id AND r.head >= 5 AND r.slug <> 'long-0'"""
        )


# The long room is the first of the places: it was made before the others.
MESSAGES = """
    INSERT INTO messaging_message (room_id, seq, sender_id, client_id, fingerprint, body, html, created_at)
    SELECT room_id, seq, sender_id, {uuid}, {fingerprint}, body, '<p>' || body || '</p>', at FROM (
        SELECT p.room_id, t.seq, p.first + t.sender AS sender_id, {at} AS at, t.n,
               s.body || ' ' || t.n || CASE WHEN t.n % ({length} / {rare_messages}) = 0 THEN ' {rare}' ELSE '' END
               || CASE WHEN t.n % {seldom_every} = 0 THEN ' {seldom}' ELSE '' END AS body
        FROM (SELECT n, CASE WHEN n % 2 = 1 THEN 0 ELSE 1 + (n / 2 - 1) % 1000 END AS place,
                     CASE WHEN n % 2 = 1 THEN (n + 1) / 2 ELSE (n / 2 - 1) / 1000 + 1 END AS seq,
                     CASE WHEN n % 2 = 1 THEN (n / 2) % 5 ELSE (n / 2000) % 10 END AS sender,
                     (n * 7919) % {sentences} AS sentence
              FROM {numbers}) AS t
        JOIN place p ON p.id = t.place JOIN sentence s ON s.id = t.sentence) AS said ORDER BY n"""
EVENTS = """
    INSERT INTO rooms_event (room_id, seq, event, user_id, subject_id, data, retracted, at)
    SELECT room_id, seq, 'chat-message', sender_id, id, '{}', false, created_at FROM messaging_message ORDER BY id"""


def parts(length: int) -> dict[str, object]:
    """Return the parts of MESSAGES in which the databases differ. The messages are of one year."""
    known = {
        "rare": RARE,
        "rare_messages": RARE_MESSAGES,
        "seldom": SELDOM,
        "seldom_every": SELDOM_EVERY,
    }
    if POSTGRESQL:
        return known | {
            "uuid": "gen_random_uuid()",
            "fingerprint": "md5(n::text) || md5(body)",
            "at": f"now() - ({length} - t.n) * (interval '365 days' / {length})",
            "numbers": f"generate_series(1::bigint, {length}) AS numbers(n)",
        }
    return known | {
        "uuid": "lower(hex(randomblob(16)))",
        "fingerprint": "lower(hex(randomblob(32)))",
        "at": f"datetime('now', '-' || (({length} - t.n) * 31536000 / {length}) || ' seconds')",
        "numbers": f"""(WITH RECURSIVE numbers(n) AS (
            SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {length}) SELECT n FROM numbers)""",
    }


def main(tokens: Path, length: int) -> None:
    call_command("migrate", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        if POSTGRESQL:
            cursor.execute(SESSION)
            cursor.execute(f"DROP INDEX IF EXISTS {PARTS}")
        with transaction.atomic():
            people = fill_people(tokens.read_text().split())
            fill_rooms(people)
            fill_belonging(people)
            fill_messages(length)
        if POSTGRESQL:
            # In a transaction, as nobody writes meanwhile: one pass over the texts, and not three.
            with transaction.atomic():
                indexes.make(connection)
            # Autovacuum does it within a minute on a live site.
            cursor.execute("VACUUM ANALYZE")
        cursor.execute(SIZES_OF)
        bytes_of = {name: int(size) for name, size in cursor.fetchall()}
    print(json.dumps({"bytes": bytes_of}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
