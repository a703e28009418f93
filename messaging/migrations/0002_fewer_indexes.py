import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def without_index(name, index, field):
    """Drop an index by the name that Django gave it: on SQLite an AlterField would copy the whole table."""
    return migrations.RunSQL(
        f"DROP INDEX IF EXISTS {index}",
        f"CREATE INDEX {index} ON messaging_message ({name}_id)",
        [migrations.AlterField("message", name, field)],
    )


class Migration(migrations.Migration):
    """Three index entries less for each message that is stored."""

    dependencies = [
        ("messaging", "0001_initial"),
        ("rooms", "0003_fewer_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        without_index(
            "room",
            "messaging_message_room_id_5cecea0c",
            models.ForeignKey(
                "rooms.room", django.db.models.deletion.CASCADE, related_name="messages", db_index=False
            ),
        ),
        without_index(
            "sender",
            "messaging_message_sender_id_7a7088e6",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                django.db.models.deletion.PROTECT,
                related_name="messages",
                db_index=False,
            ),
        ),
        without_index(
            "reply_to",
            "messaging_message_reply_to_id_f28e3285",
            models.ForeignKey(
                "messaging.message",
                django.db.models.deletion.SET_NULL,
                null=True,
                blank=True,
                related_name="replies",
                db_index=False,
            ),
        ),
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["reply_to"], name="message_answers", condition=models.Q(reply_to__isnull=False)
            ),
        ),
    ]
