"""A site of any size, made by the database itself: 250,000 messages in some seconds."""

from dataclasses import dataclass

from django.core.management.color import no_style
from django.db import connection
from django.utils import timezone

from accounts.models import ApiToken, Invite, User
from messaging.models import Message
from rooms.models import Event, Membership, Mention, Room, RoomInvite

MODELS = [User, Room, Membership, Message, Event, Mention, ApiToken, Invite, RoomInvite]
# Ids below are a migration's and the cast's.
BASE = 1000
HALL, QUIET = BASE - 1, BASE - 2
FEW, MANY, NOBODYS, BOSS = BASE - 1, BASE - 2, BASE - 3, BASE - 4
QUIET_MESSAGES = 60


@dataclass(frozen=True)
class Size:
    """`rooms` of some people each, beside a `hall` with all `people` in it and a `quiet` room whose talk is the oldest."""

    messages: int
    rooms: int
    people: int


SMALL = Size(messages=600, rooms=8, people=30)
LARGE = Size(messages=250_000, rooms=3_000, people=5_000)

NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {0})"


def fill(size: Size) -> None:
    with connection.cursor() as cursor:
        for statement, parameters in statements(size):
            cursor.execute(statement, parameters)
        for statement in connection.ops.sequence_reset_sql(no_style(), MODELS):
            cursor.execute(statement)
        cursor.execute("ANALYZE") if connection.vendor == "postgresql" else None


def statements(size: Size):
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    postgresql = connection.vendor == "postgresql"
    uuid = "CAST(lpad(to_hex(n), 32, '0') AS uuid)" if postgresql else "printf('%032x', n)"
    text = "CAST({} AS text)" if postgresql else "({})"
    data = "CAST('{}' AS jsonb)" if postgresql else "'{}'"

    def named(prefix):
        return f"'{prefix}' || {text.format('n')}"

    user = (
        "INSERT INTO accounts_user (id, username, display_name, email, password, is_staff, is_active, is_banned, "
        "is_superuser, session_version, date_joined)"
    )
    room = "INSERT INTO rooms_room (id, slug, name, topic, kind, is_default, epoch, head, created_at, direct_key)"
    member = "INSERT INTO rooms_membership (room_id, user_id, role, muted, read_seq, joined_at)"
    cast = {FEW: "few", MANY: "many", NOBODYS: "nobodys", BOSS: "boss"}
    for pk, name in cast.items():
        boss = "TRUE" if pk == BOSS else "FALSE"
        yield (
            f"{user} VALUES ({pk}, %s, '', '', '!', {boss}, TRUE, FALSE, {boss}, 0, %s)",
            [name, now],
        )
    yield (
        (
            f"{NUMBERS.format(size.people)} {user} SELECT {BASE} + n, {named('person')}, {named('Person ')}, '', '!', "
            "FALSE, TRUE, FALSE, FALSE, 0, %s FROM numbers"
        ),
        [now],
    )
    for pk, slug, kind in ((HALL, "hall", "public"), (QUIET, "quiet", "private")):
        yield (
            f"{room} VALUES ({pk}, %s, %s, '', %s, FALSE, 'e', 0, %s, NULL)",
            [slug, slug.title(), kind, now],
        )
    yield (
        (
            f"{NUMBERS.format(size.rooms)} {room} SELECT {BASE} + n, {named('room')}, {named('Room ')}, 'A topic', "
            "CASE n % 3 WHEN 0 THEN 'public' WHEN 1 THEN 'private' ELSE CASE n % 30 WHEN 2 THEN 'direct' ELSE 'private' "
            f"END END, FALSE, 'e', 0, %s, CASE n % 30 WHEN 2 THEN {named('key')} END FROM numbers"
        ),
        [now],
    )
    # Everybody is in the hall; `many` in every room, with one person in a direct one and five in the others.
    yield (
        f"{NUMBERS.format(size.people)} {member} SELECT {HALL}, {BASE} + n, 'member', FALSE, 0, %s FROM numbers",
        [now],
    )
    for pk in (FEW, MANY):
        yield f"{member} VALUES ({HALL}, {pk}, 'owner', FALSE, 0, %s)", [now]
    for pk in (FEW, MANY, BASE + 1):
        yield f"{member} VALUES ({QUIET}, {pk}, 'owner', FALSE, 0, %s)", [now]
    yield (
        f"{NUMBERS.format(size.rooms)} {member} SELECT {BASE} + n, {MANY}, 'owner', FALSE, 0, %s FROM numbers",
        [now],
    )
    yield (
        (
            f"{NUMBERS.format(size.rooms)}, several(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM several WHERE k < 5) "
            f"{member} SELECT {BASE} + n, {BASE} + 1 + (n * 5 + k) % {size.people}, 'member', FALSE, 0, %s "
            "FROM numbers, several WHERE k = 1 OR n % 30 <> 2"
        ),
        [now],
    )
    place = (
        f"CASE WHEN n <= {QUIET_MESSAGES} THEN {QUIET} WHEN n % 5 < 3 THEN {HALL} "
        f"ELSE {BASE} + 1 + (n / 5 * 2 + n % 5 - 3) % {size.rooms} END"
    )
    yield (
        (
            f"{NUMBERS.format(size.messages)}, placed AS (SELECT n, {place} AS room FROM numbers) "
            "INSERT INTO messaging_message (id, room_id, seq, sender_id, client_id, fingerprint, body, html, created_at) "
            f"SELECT {BASE} + n, room, row_number() OVER (PARTITION BY room ORDER BY n), "
            f"CASE WHEN n % 10 = 0 THEN {MANY} ELSE {BASE} + 1 + n * 7919 % {size.people} END, {uuid}, 'f', "
            f"'Word ' || {text.format('n % 997')} || ' the lathe is free after lunch, who is next in line for it?', "
            f"'<p>Word ' || {text.format('n % 997')} || ' the lathe is free after lunch, who is next?</p>', %s FROM placed"
        ),
        [now],
    )
    yield (
        (
            "INSERT INTO rooms_event (room_id, seq, event, user_id, subject_id, data, retracted, at) "
            f"SELECT room_id, seq, 'chat-message', sender_id, id, {data}, FALSE, created_at FROM messaging_message "
            f"WHERE id > {BASE} ORDER BY id"
        ),
        [],
    )
    yield (
        (
            "INSERT INTO rooms_mention (room_id, seq, user_id) SELECT room_id, seq, "
            f"CASE WHEN id % 100 = 0 THEN {FEW} ELSE {MANY} END FROM messaging_message WHERE id > {BASE} AND id % 50 = 0"
        ),
        [],
    )
    yield (
        (
            "UPDATE rooms_room SET head = COALESCE((SELECT max(seq) FROM rooms_event e WHERE e.room_id = rooms_room.id), "
            f"head) WHERE id >= {QUIET}"
        ),
        [],
    )
    # `many` has read every second room.
    yield (
        (
            "UPDATE rooms_membership SET read_seq = (SELECT head FROM rooms_room r WHERE r.id = room_id) "
            f"WHERE user_id = {MANY} AND room_id % 2 = 0"
        ),
        [],
    )
    yield (
        (
            f"{NUMBERS.format(size.rooms)} INSERT INTO accounts_invite "
            "(id, code, created_by_id, created_at, uses, revoked, for_site) "
            f"SELECT {BASE} + n, {named('code')}, {MANY}, %s, 0, FALSE, n % 2 = 0 FROM numbers"
        ),
        [now],
    )
    yield (
        (
            f"{NUMBERS.format(size.rooms)} INSERT INTO rooms_roominvite (invite_id, room_id) "
            f"SELECT {BASE} + n, {HALL} FROM numbers WHERE n % 2 = 1"
        ),
        [],
    )
    yield (
        (
            f"{NUMBERS.format(size.people)} INSERT INTO accounts_apitoken (user_id, name, prefix, digest, created_at) "
            f"SELECT {BASE} + n, 'bot', 'abc', {named('digest')}, %s FROM numbers"
        ),
        [now],
    )
    yield (
        (
            f"{NUMBERS.format(size.messages // 10)} INSERT INTO django_admin_log "
            "(action_time, user_id, content_type_id, object_id, object_repr, action_flag, change_message) "
            f"SELECT %s, {BOSS}, (SELECT id FROM django_content_type WHERE app_label = 'messaging' AND model = 'message'), "
            f"{text.format(f'{BASE} + n')}, 'x', 2, '' FROM numbers"
        ),
        [now],
    )
