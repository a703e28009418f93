import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def without_index(model, name, index, field):
    """Drop an index by the name that Django gave it: on SQLite an AlterField would copy the whole table."""
    column = f"{name}_id"
    return migrations.RunSQL(
        f"DROP INDEX IF EXISTS {index}",
        f"CREATE INDEX {index} ON rooms_{model} ({column})",
        [migrations.AlterField(model, name, field)],
    )


def room(related_name):
    return models.ForeignKey(
        "rooms.room", django.db.models.deletion.CASCADE, related_name=related_name, db_index=False
    )


class Migration(migrations.Migration):
    """The unique keys begin with the same columns, and nothing is looked up by the others. With them PostgreSQL read a
    room of 1,000,000 messages to the end to find that nothing in it is new."""

    dependencies = [("rooms", "0002_general"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.RemoveIndex("event", "event_by_subject"),
        without_index("event", "room", "rooms_event_room_id_952f71b0", room("events")),
        without_index(
            "event",
            "user",
            "rooms_event_user_id_70a08f84",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                django.db.models.deletion.SET_NULL,
                null=True,
                related_name="+",
                db_index=False,
            ),
        ),
        without_index("membership", "room", "rooms_membership_room_id_6917d899", room("memberships")),
        without_index("ban", "room", "rooms_ban_room_id_910f9b1a", room("bans")),
        without_index("mention", "room", "rooms_mention_room_id_1bee09b6", room("mentions")),
        without_index(
            "mention",
            "user",
            "rooms_mention_user_id_eba084ad",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                django.db.models.deletion.CASCADE,
                related_name="mentions",
                db_index=False,
            ),
        ),
        migrations.AddIndex("mention", models.Index(fields=["room", "seq"], name="mention_by_place")),
    ]
