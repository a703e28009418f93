from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_avatar")]

    operations = [
        migrations.AddField(
            model_name="sitesettings",
            name="emoji_adders",
            field=models.CharField(
                choices=[
                    ("administrators", "Administrators"),
                    ("moderators", "Administrators and moderators"),
                    ("members", "Everybody with an account"),
                ],
                db_default="moderators",
                default="moderators",
                help_text="Pictures of the site's own, which people write as :name:. Administrators, and whoever added one, remove them.",
                max_length=14,
                verbose_name="who may add emoji",
            ),
        ),
    ]
