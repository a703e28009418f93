from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_process_moved")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="double_click_reaction",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
        ),
    ]
