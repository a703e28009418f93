from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("files", "0002_file_size"),
    ]

    operations = [
        migrations.CreateModel(
            name="StoreClaim",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("token", models.CharField(max_length=36)),
            ],
        ),
    ]
