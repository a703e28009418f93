from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rooms", "0006_consumers")]

    operations = [
        migrations.AddField(
            model_name="room",
            name="avatar",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=32),
        ),
    ]
