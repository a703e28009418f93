from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rooms", "0003_fewer_indexes")]
    operations = [
        migrations.AddIndex(
            "event",
            models.Index(
                fields=["user", "room", "seq"],
                name="event_own",
                condition=models.Q(event="chat-message", retracted=False),
            ),
        ),
        migrations.AddIndex(
            "event",
            models.Index(
                fields=["room", "seq"],
                name="event_uncounted",
                condition=~models.Q(event="chat-message") | models.Q(retracted=True),
            ),
        ),
    ]
