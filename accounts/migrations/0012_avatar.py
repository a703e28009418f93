from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_link_previews")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="avatar",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=32),
        ),
    ]
