import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.names.skeletons import store_skeletons


def adopt_everybody(apps, schema_editor):
    """Those who look alike already stay as they are: the first has the skeleton, the others share it, and pages show both with
    their usernames."""
    people = apps.get_model("accounts", "User").objects.order_by("pk").only("pk", "username", "display_name")
    store_skeletons(apps.get_model("accounts", "NameSkeleton"), people.iterator(chunk_size=500))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_inviters")]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("is_staff", True)), fields=["id"], name="user_moderators"
            ),
        ),
        migrations.CreateModel(
            name="NameSkeleton",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("skeleton", models.CharField(max_length=128)),
                ("exclusive", models.BooleanField(default=True, editable=False)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="name_skeletons",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("exclusive", False)), fields=["skeleton"], name="name_skeleton_shared"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("skeleton", "user"), name="name_skeleton_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("exclusive", True)), fields=("skeleton",), name="name_skeleton_exclusive"
                    ),
                ],
            },
        ),
        migrations.RunPython(adopt_everybody, migrations.RunPython.noop),
    ]
