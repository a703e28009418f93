from django.db import migrations, models


class Migration(migrations.Migration):
    """Take over `Process` from accounts, with the table that it has."""

    dependencies = [("accounts", "0008_process_moved")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Process",
                    fields=[
                        ("name", models.CharField(max_length=16, primary_key=True, serialize=False)),
                        ("host", models.CharField(max_length=100)),
                        ("pid", models.PositiveIntegerField()),
                        ("looked", models.PositiveBigIntegerField()),
                    ],
                    options={"db_table": "accounts_process"},
                ),
            ],
        ),
    ]
