from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_user_sessions")]

    operations = [
        migrations.CreateModel(
            name="Process",
            fields=[
                ("name", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("host", models.CharField(max_length=100)),
                ("pid", models.PositiveIntegerField()),
                ("looked", models.PositiveBigIntegerField()),
            ],
        ),
    ]
