"""Fill a site's database: people with tokens, rooms, memberships, two histories. Run under Django's settings."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import django
from django.db import connection, transaction

django.setup()

from django.core.management import call_command  # noqa: E402

from accounts.models import ApiToken, User  # noqa: E402
from benchmarks.groups import GROUPS, Group  # noqa: E402
from messaging import services  # noqa: E402
from messaging.models import Message  # noqa: E402
from rooms.models import Event, Membership, Room  # noqa: E402

# The person whose pages are measured, and in how many rooms of 50 besides those with a history.
READER, DESKS = "reader", 20
SHORT_HISTORY = 1_000
ROWS_PER_INSERT = 2_000


def batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    rows = iter(rows)
    while batch := list(islice(rows, ROWS_PER_INSERT)):
        yield batch


def create(model: Any, rows: Iterable[Any]) -> list[Any]:
    return [row for batch in batches(rows) for row in model.objects.bulk_create(batch)]


def fill_people(tokens: list[str]) -> list[User]:
    people = create(User, (User(username=f"person{n:05}", password="!") for n in range(len(tokens))))
    pairs = zip(people, tokens, strict=True)
    create(
        ApiToken,
        (
            ApiToken(user=user, name="bench", prefix=secret[:12], digest=ApiToken.digest_of(secret))
            for user, secret in pairs
        ),
    )
    return people


def fill_rooms(people: list[User], groups: Sequence[Group]) -> None:
    for group in groups:
        slugs = [f"{group.prefix}{n}" for n in range(group.rooms)]
        rooms = create(Room, (Room(slug=slug, name=slug, kind="private") for slug in slugs))
        members = people[group.first : group.first + group.people]
        create(
            Membership,
            (Membership(room=rooms[n // group.size], user=user) for n, user in enumerate(members)),
        )


def fill_desks(reader: User, people: list[User]) -> None:
    rooms = create(Room, (Room(slug=f"desk-{n}", name=f"Desk {n}", kind="private") for n in range(DESKS)))
    create(Membership, (Membership(room=room, user=reader) for room in rooms))
    others = people[-50 * DESKS :]
    create(Membership, (Membership(room=rooms[n // 50], user=user) for n, user in enumerate(others)))
    for room in rooms:
        for _ in range(10):
            services.send(reader, room.slug, "A few words, so that the room isn't empty.", uuid4())


def fill_history(slug: str, reader: User, length: int) -> None:
    """Make a room of `length` messages: one through the service, and its copies in one statement."""
    room = Room.objects.create(slug=slug, name=slug, kind="private")
    Membership.objects.create(room=room, user=reader)
    services.send(reader, slug, "The quick brown fox jumps over the lazy dog, and the day goes on.", uuid4())
    copy_messages(room, length)
    Room.objects.filter(pk=room.pk).update(head=length)
    Membership.objects.filter(room=room).update(read_seq=length)


def copy_messages(room: Room, length: int) -> None:
    if connection.vendor == "postgresql":
        numbers, uuid = "generate_series(2, %s) AS numbers(n)", "gen_random_uuid()"
    else:
        numbers = (
            "(WITH RECURSIVE s(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM s WHERE n < %s) SELECT n FROM s)"
        )
        uuid = "lower(hex(randomblob(16)))"
    copy_row(Message, {"seq": "n", "client_id": uuid}, numbers, "true", [length, room.pk])
    copy_row(
        Event,
        {"seq": "m.seq", "subject_id": "m.id"},
        "messaging_message m",
        "m.room_id = old.room_id AND m.seq > old.seq",
        [room.pk],
    )


def copy_row(model: Any, changed: dict[str, str], beside: str, where: str, values: list[int]) -> None:
    table = model._meta.db_table
    names = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    wanted = ", ".join(changed.get(name, f"old.{name}") for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {wanted} FROM {table} old, {beside} "
            f"WHERE old.room_id = %s AND old.seq = 1 AND {where}",
            values,
        )


def main(tokens: Path, big: int) -> None:
    call_command("migrate", interactive=False, verbosity=0)
    secrets = tokens.read_text().split()
    with transaction.atomic():
        people = fill_people(secrets[:-1])
        fill_rooms(people, GROUPS)
        reader = User.objects.create(username=READER, password="!")
        ApiToken.objects.create(user=reader, name="bench", prefix="", digest=ApiToken.digest_of(secrets[-1]))
    fill_desks(reader, people)
    for slug, length in (("small", SHORT_HISTORY), ("big", big)):
        with transaction.atomic():
            fill_history(slug, reader, length)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Autovacuum does it within a minute on a live site.
            cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
