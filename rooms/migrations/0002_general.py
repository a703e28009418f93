from django.db import migrations


def make_general(apps, schema_editor):
    from rooms.models import new_epoch

    Room = apps.get_model("rooms", "Room")
    Room.objects.get_or_create(
        slug="general",
        defaults={
            "name": "general",
            "topic": "Everyone is here",
            "is_default": True,
            "epoch": new_epoch(),
        },
    )


class Migration(migrations.Migration):
    dependencies = [("rooms", "0001_initial")]
    operations = [migrations.RunPython(make_general, migrations.RunPython.noop)]
