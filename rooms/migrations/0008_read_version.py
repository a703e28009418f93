from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rooms", "0007_avatar")]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="read_version",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="membership",
            name="seen_seq",
            field=models.PositiveBigIntegerField(db_default=0, default=0, editable=False),
        ),
    ]
