"""A site of any size, made by the database itself: 250,000 messages in some seconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.core.management.color import no_style
from django.db import connection
from django.utils import timezone

from accounts.models import ApiToken, Invite, NameSkeleton, User
from drafts.models import Reminder, SavedDraft, ScheduledMessage
from drafts.reminders.services import MAX_REMINDERS
from drafts.scheduled.services import MAX_SCHEDULED
from drafts.services import MAX_DRAFTS
from files.models import Blob
from messaging.models import Message, MessageText, PrivateReading
from messaging.reactions.services import MAX_NAMED
from messaging.search import indexes
from messaging.search.postgresql import PARTS
from notifications.inbox import MAX_PER_PERSON
from notifications.models import Notification
from push.devices.services import MAX_DEVICES
from rooms.membership.blocks import MAX_BLOCKS
from rooms.models import Event, Membership, Mention, PersonBlock, Room, RoomBlock, RoomInvite

MODELS = [
    *(
        User,
        NameSkeleton,
        ApiToken,
        Invite,
        Room,
        Membership,
        Event,
        Mention,
        RoomInvite,
        RoomBlock,
        PersonBlock,
    ),
    Message,
    MessageText,
    Blob,
    PrivateReading,
    SavedDraft,
    ScheduledMessage,
    Reminder,
    Notification,
]
# Smaller ids are a migration's and the cast's. `few` is in the plaza and the quiet room, `many` in every room, `nobodys` in
# none, and `boss` is an administrator in none.
BASE = 1000
FEW, MANY, NOBODYS, BOSS = range(BASE - 4, BASE)
CAST = {FEW: "few", MANY: "many", NOBODYS: "nobodys", BOSS: "boss"}
# The plaza has everybody in it and most of the talk; the talk of the quiet room is the oldest of all.
PLAZA, QUIET = BASE - 1, BASE - 2
QUIET_MESSAGES = 60
# A message of the plaza with as many earlier texts as are kept.
EDITED = BASE + 81


@dataclass(frozen=True)
class Size:
    """`rooms` of a few people each, every thirtieth of them direct, beside the plaza and the quiet room."""

    messages: int
    rooms: int
    people: int


SMALL = Size(messages=600, rooms=30, people=60)
LARGE = Size(messages=250_000, rooms=3_000, people=5_000)


def fill(size: Size) -> None:
    """In a transaction. PostgreSQL indexes the words afterwards, and checks no foreign keys: a minute becomes seconds."""
    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if postgresql:
            cursor.execute(f"SET LOCAL session_replication_role = replica; DROP INDEX IF EXISTS {PARTS}")
        for make in (
            people,
            rooms,
            members,
            talk,
            reactions,
            files,
            read,
            links,
            blocks,
            notified,
            moderated,
            later,
            devices,
        ):
            for statement in make(size):
                cursor.execute(statement)
        for statement in connection.ops.sequence_reset_sql(no_style(), MODELS):
            cursor.execute(statement)
        if postgresql:
            cursor.execute("SET LOCAL session_replication_role = DEFAULT; ANALYZE")
    if postgresql:
        indexes.make(connection)


def numbers(count: int) -> str:
    return f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"


def now(later: timedelta = timedelta()) -> str:
    return f"'{connection.ops.adapt_datetimefield_value(timezone.now() + later)}'"


def on(postgresql: str, sqlite: str) -> str:
    return postgresql if connection.vendor == "postgresql" else sqlite


def text(value: str) -> str:
    return f"CAST({value} AS text)"


def people(size: Size) -> Iterator[str]:
    columns = """(id, username, display_name, email, password, is_staff, is_active, is_banned, is_superuser,
                  session_version, date_joined)"""
    for pk, name in CAST.items():
        boss = "TRUE" if pk == BOSS else "FALSE"
        yield f"""INSERT INTO accounts_user {columns}
                  VALUES ({pk}, '{name}', '', '', '!', {boss}, TRUE, FALSE, {boss}, 0, {now()})"""
    yield f"""{numbers(size.people)} INSERT INTO accounts_user {columns}
              SELECT {BASE} + n, 'person' || {text("n")}, 'Person ' || {text("n")}, '', '!', FALSE, TRUE, FALSE, FALSE, 0,
                     {now()} FROM numbers"""
    yield f"""INSERT INTO accounts_nameskeleton (skeleton, exclusive, user_id)
              SELECT 'skeleton of ' || username, TRUE, id FROM accounts_user WHERE id >= {FEW}"""
    yield f"""{numbers(size.people)} INSERT INTO accounts_apitoken (user_id, name, prefix, digest, created_at)
              SELECT {BASE} + n, 'bot', 'abc', 'digest' || {text("n")}, {now()} FROM numbers"""


def rooms(size: Size) -> Iterator[str]:
    columns = "(id, slug, name, topic, kind, is_default, epoch, head, created_at, direct_key)"
    for pk, slug, kind in ((PLAZA, "plaza", "public"), (QUIET, "quiet", "private")):
        yield f"""INSERT INTO rooms_room {columns}
                  VALUES ({pk}, '{slug}', '{slug}', '', '{kind}', FALSE, 'e', 0, {now()}, NULL)"""
    yield f"""{numbers(size.rooms)} INSERT INTO rooms_room {columns}
              SELECT {BASE} + n, 'room' || {text("n")}, CASE n % 30 WHEN 2 THEN '' ELSE 'Room ' || {text("n")} END, '',
                     CASE WHEN n % 3 = 0 THEN 'public' WHEN n % 30 = 2 THEN 'direct' ELSE 'private' END, FALSE, 'e', 0,
                     {now()}, CASE n % 30 WHEN 2 THEN 'key' || {text("n")} END FROM numbers"""


def members(size: Size) -> Iterator[str]:
    insert = "INSERT INTO rooms_membership (room_id, user_id, role, muted, read_seq, joined_at)"
    yield f"""{numbers(size.people)} {insert}
              SELECT {PLAZA}, {BASE} + n, 'member', FALSE, 0, {now()} FROM numbers"""
    for room, people in ((PLAZA, [FEW, MANY]), (QUIET, [FEW, MANY, BASE + 1])):
        for pk in people:
            yield f"{insert} VALUES ({room}, {pk}, 'owner', FALSE, 0, {now()})"
    yield f"""{numbers(size.rooms)} {insert}
              SELECT {BASE} + n, {MANY}, 'owner', FALSE, 0, {now()} FROM numbers"""
    yield f"""{numbers(size.rooms)}, several(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM several WHERE k < 5) {insert}
              SELECT {BASE} + n, {BASE} + 1 + (n * 5 + k) % {size.people}, 'member', FALSE, 0, {now()}
              FROM numbers, several WHERE k = 1 OR n % 30 <> 2"""


def talk(size: Size) -> Iterator[str]:
    uuid = on("CAST(lpad(to_hex(n), 32, '0') AS uuid)", "printf('%032x', n)")
    yield f"""{numbers(size.messages)}, placed AS (
                  SELECT n, CASE WHEN n <= {QUIET_MESSAGES} THEN {QUIET} WHEN n % 5 < 3 THEN {PLAZA}
                                 ELSE {BASE} + 1 + (n / 5 * 2 + n % 5 - 3) % {size.rooms} END AS room FROM numbers)
              INSERT INTO messaging_message (id, room_id, seq, sender_id, client_id, fingerprint, body, html, created_at)
              SELECT {BASE} + n, room, row_number() OVER (PARTITION BY room ORDER BY n),
                     CASE n % 10 WHEN 0 THEN {MANY} ELSE {BASE} + 1 + n * 7919 % {size.people} END, {uuid}, 'f',
                     'Word ' || {text("n % 997")} || ': the lathe is free after lunch, who is next in line for it?',
                     '<p>Word ' || {text("n % 997")} || ': the lathe is free after lunch.</p>', {now()} FROM placed"""
    yield f"""INSERT INTO rooms_event (room_id, seq, event, user_id, subject_id, data, retracted, at)
              SELECT room_id, seq, 'chat-message', sender_id, id, {on("CAST('{}' AS jsonb)", "'{}'")}, FALSE, created_at
              FROM messaging_message WHERE id > {BASE} ORDER BY id"""
    yield f"""INSERT INTO rooms_mention (room_id, seq, user_id)
              SELECT room_id, seq, CASE id % 100 WHEN 0 THEN {FEW} ELSE {MANY} END
              FROM messaging_message WHERE id > {BASE} AND id % 50 = 0"""
    yield f"""UPDATE rooms_room
              SET head = COALESCE((SELECT max(seq) FROM rooms_event e WHERE e.room_id = rooms_room.id), head)
              WHERE id >= {QUIET}"""


def reactions(size: Size) -> Iterator[str]:
    """Let everybody react to the first message, and one of them otherwise too."""
    columns = "messaging_reaction (message_id, user_id, emoji, at)"
    yield f"""{numbers(size.people)} INSERT INTO {columns}
              SELECT {BASE + 1}, {BASE} + n, '👍', {now()} FROM numbers"""
    yield f"INSERT INTO {columns} VALUES ({BASE + 1}, {BASE + 1}, '🦉', {now()})"
    users = ", ".join(f'"person{n}"' for n in range(1, MAX_NAMED + 1))
    yield f"""UPDATE messaging_message
              SET reactions = '[{{"emoji": "👍", "count": {size.people}, "users": [{users}]}},
                                {{"emoji": "🦉", "count": 1, "users": ["person1"]}}]' WHERE id = {BASE + 1}"""


def files(size: Size) -> Iterator[str]:
    """Let every fourth message carry a file: a picture, but documents in what was said first."""
    uuid = on("CAST(lpad(to_hex(id), 32, '0') AS uuid)", "printf('%032x', id)")
    carrying = f"FROM messaging_message WHERE id > {BASE} AND id % 4 = 0"
    columns = "id, key, size, sha256, type, kind, inline, width, height, animated, previews, placeholder, excerpt, remote"
    yield f"""INSERT INTO files_blob ({columns}, created_at)
              SELECT id, {text("id")}, 412000, 'f', 'image/png',
                     CASE WHEN id < {BASE + 2 * QUIET_MESSAGES} THEN 'document' ELSE 'picture' END, TRUE, 4, 3, FALSE,
                     {on("CAST('{}' AS jsonb)", "'{}'")}, '', '', FALSE, created_at {carrying}"""
    columns = (
        "id, blob_id, owner_id, purpose, name, alt, client_id, room_id, message_id, created_at, attached_at"
    )
    yield f"""INSERT INTO files_file ({columns})
              SELECT {uuid}, id, sender_id, 'message', 'lathe.png', '', {uuid}, room_id, id, created_at, created_at
              {carrying}"""


def read(size: Size) -> Iterator[str]:
    """Let `many` have read every second room."""
    yield f"""UPDATE rooms_membership SET read_seq = (SELECT head FROM rooms_room r WHERE r.id = room_id)
              WHERE user_id = {MANY} AND room_id % 2 = 0"""


def notified(size: Size) -> Iterator[str]:
    """Fill the inboxes of `few` and `many`, and let everybody have a word of their own."""
    yield f"""INSERT INTO notifications_notification (user_id, kind, room_id, message_id, actor_id, emoji, seq, at)
              SELECT u.id, 'mention', m.room_id, m.id, m.sender_id, '', m.seq, {now()}
              FROM (SELECT * FROM messaging_message ORDER BY id DESC LIMIT {MAX_PER_PERSON}) m
              JOIN accounts_user u ON u.id IN ({FEW}, {MANY})"""
    yield f"""INSERT INTO notifications_preferences (user_id, keywords, schedule, zone)
              SELECT id, 'word' || {text("id")}, '[]', '' FROM accounts_user"""


def blocks(size: Size) -> Iterator[str]:
    """Give `few` as many blocks as one person may have."""
    yield f"""{numbers(min(MAX_BLOCKS, size.people))} INSERT INTO rooms_personblock (user_id, blocked_id, created_at)
              SELECT {FEW}, {BASE} + n, {now()} FROM numbers"""
    yield f"""{numbers(min(MAX_BLOCKS, size.rooms))} INSERT INTO rooms_roomblock (user_id, room_id, created_at)
              SELECT {FEW}, {BASE} + n, {now()} FROM numbers"""


def moderated(size: Size) -> Iterator[str]:
    """Edit, delete and hide messages, and record private readings, one of them open now."""
    yield f"""UPDATE messaging_message SET edited_at = {now()} WHERE id > {BASE + QUIET_MESSAGES} AND id % 40 = 1"""
    columns = "INSERT INTO messaging_messagetext (message_id, number, body, at)"
    yield f"{columns} SELECT id, 1, body, created_at FROM messaging_message WHERE edited_at IS NOT NULL"
    yield f"""{numbers(99)} {columns}
              SELECT {EDITED}, 1 + n, 'The lathe is free from ' || {text("n")}, {now()} FROM numbers"""
    yield f"""UPDATE messaging_message SET deleted_at = {now()}, body = '', html = ''
              WHERE id > {BASE + QUIET_MESSAGES} AND id % 2000 = 2"""
    yield f"""UPDATE messaging_message SET hidden_at = {now()}, hidden_by_id = {BOSS}
              WHERE id > {BASE + QUIET_MESSAGES} AND id % 2000 = 3"""
    yield f"""UPDATE rooms_event SET retracted = TRUE
              WHERE subject_id > {BASE + QUIET_MESSAGES} AND subject_id % 2000 IN (2, 3)"""
    yield f"""{numbers(size.rooms)}
              INSERT INTO messaging_privatereading (room_id, moderator_id, reason, created_at, expires_at)
              SELECT {BASE} + n, {BOSS}, 'Reported by one of its people', {now()}, {now()} FROM numbers WHERE n % 3 <> 0"""
    yield f"""INSERT INTO messaging_privatereading (room_id, moderator_id, reason, created_at, expires_at)
              VALUES ({QUIET}, {BOSS}, 'Reported by one of its people', {now()}, {now(timedelta(hours=1))})"""


def later(size: Size) -> Iterator[str]:
    """Give `many` as many drafts as one person may have, and `few` as many scheduled messages and reminders."""
    uuid = on("CAST(lpad(to_hex(n), 32, '0') AS uuid)", "printf('%032x', n)")
    drafts = min(MAX_DRAFTS, size.rooms)
    yield f"""{numbers(drafts)} INSERT INTO drafts_saveddraft (user_id, room_id, body, version, updated_at)
              SELECT {MANY}, {BASE} + n, 'half a thought', 1, {now()} FROM numbers"""
    columns = """(id, user_id, room_id, body, client_id, send_at, time_zone, state, error_code, error_detail, tries,
                  created_at)"""
    yield f"""{numbers(MAX_SCHEDULED)} INSERT INTO drafts_scheduledmessage {columns}
              SELECT {BASE} + n, {FEW}, {PLAZA}, 'Good morning', {uuid}, {now(timedelta(days=1))}, 'UTC', 'waiting', '',
                     '', 0, {now()} FROM numbers"""
    columns = "(id, user_id, message_id, text, client_id, remind_at, time_zone, state, created_at)"
    yield f"""{numbers(MAX_REMINDERS)} INSERT INTO drafts_reminder {columns}
              SELECT {BASE} + n, {FEW}, {BASE} + n, '', {uuid}, {now(timedelta(days=1))}, 'UTC', 'waiting', {now()}
              FROM numbers"""


def devices(size: Size) -> Iterator[str]:
    """Give `few` as many devices as one person may have, each by a token of its own."""
    first = 1_000_000
    yield f"""{numbers(MAX_DEVICES)} INSERT INTO accounts_apitoken (id, user_id, name, prefix, digest, created_at)
              SELECT {first} + n, {FEW}, 'phone', 'chat_', 'phone' || {text("n")}, {now()} FROM numbers"""
    columns = "(id, user_id, token_id, endpoint, endpoint_hash, host, p256dh, auth, name, content, created_at, last_error)"
    yield f"""{numbers(MAX_DEVICES)} INSERT INTO push_pushsubscription {columns}
              SELECT n, {FEW}, {first} + n, 'https://push.example/' || {text("n")}, 'phone' || {text("n")},
                     'push.example', '', '', 'phone', TRUE, {now()}, '' FROM numbers"""


def links(size: Size) -> Iterator[str]:
    yield f"""{numbers(size.rooms)}
              INSERT INTO accounts_invite (id, code, created_by_id, created_at, uses, revoked, for_site)
              SELECT {BASE} + n, 'code' || {text("n")}, {MANY}, {now()}, 0, FALSE, n % 2 = 0 FROM numbers"""
    yield f"""{numbers(size.rooms)} INSERT INTO rooms_roominvite (invite_id, room_id)
              SELECT {BASE} + n, {PLAZA} FROM numbers WHERE n % 2 = 1"""
    yield f"""{numbers(size.messages // 10)} INSERT INTO django_admin_log
                  (action_time, user_id, content_type_id, object_id, object_repr, action_flag, change_message)
              SELECT {now()}, {BOSS}, t.id, {text(f"{BASE} + n")}, 'x', 2, ''
              FROM numbers, django_content_type t WHERE t.app_label = 'messaging' AND t.model = 'message'"""
