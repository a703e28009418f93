from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_emoji_adders")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="show_receipts",
            field=models.BooleanField(db_default=True, default=True, editable=False),
        ),
    ]
