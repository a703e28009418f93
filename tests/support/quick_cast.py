"""People and rooms as the services leave them in the database, by a tenth of the work: most tests begin with some."""

from functools import cache

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from rooms import sql
from rooms.log import log
from rooms.models import Room

PASSWORD = "correct horse battery"


def person(username: str) -> User:
    """Store and return a person in the default rooms. Nobody is told of them, nothing is checked, and no hook is called;
    tests/project/test_quick_cast.py makes the same rows by a sign-up."""
    user = User(username=username, date_joined=timezone.now())
    user.set_password(PASSWORD)
    # Otherwise the next `save` would end the sessions.
    user._password = None
    fields = User._meta.concrete_fields[1:]
    values = [field.get_db_prep_save(getattr(user, field.attname), connection) for field in fields]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(insertion(), values)
        user.pk = cursor.fetchone()[0]
        user._state.adding, user._state.db = False, connection.alias
        skeletons = [(user.pk, skeleton, True) for skeleton in sorted(user.skeletons)]
        cursor.executemany(
            "INSERT INTO accounts_nameskeleton (user_id, skeleton, exclusive) VALUES (%s, %s, %s)", skeletons
        )
        cursor.execute("SELECT id FROM rooms_room WHERE is_default ORDER BY id")
        for [room] in cursor.fetchall():
            join(room, user)
    return user


def room_of(owner: User, member: User, name: str, **details: str) -> Room:
    """Store and return a room of two people. It counts towards no quota."""
    with transaction.atomic():
        room = Room.objects.create(name=name, slug=name.lower(), created_by=owner, **details)
        join(room.pk, owner, "owner")
        room.head = join(room.pk, member)
    return room


def join(room: int, user: User, role: str = "member") -> int:
    """Store a membership and its line in the log; return the line's seq."""
    [seq], now = log.next_seqs([room]), timezone.now()
    sql.log(room, "member-joined", {}, now, [(seq, user.pk)])
    sql.admit(room, role, None, now, [(user.pk, seq)])
    return seq


@cache
def insertion() -> str:
    """Return the statement that stores an account."""
    columns = [f'"{field.column}"' for field in User._meta.concrete_fields[1:]]
    return f"INSERT INTO accounts_user ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))}) RETURNING id"
