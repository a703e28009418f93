from django.db import migrations, models

from messaging.search import folded, indexes


def add_column(apps, schema_editor):
    """Unless an earlier try, which ended in the midst, has."""
    message = apps.get_model("messaging", "Message")
    with schema_editor.connection.cursor() as cursor:
        found = schema_editor.connection.introspection.get_table_description(cursor, message._meta.db_table)
    if not any(column.name == "folded" for column in found):
        schema_editor.add_field(message, message._meta.get_field("folded"))


def drop_column(apps, schema_editor):
    message = apps.get_model("messaging", "Message")
    schema_editor.remove_field(message, message._meta.get_field("folded"))


def fold(apps, schema_editor):
    folded.fold_all(schema_editor.connection, forwarded="NULL")


def make_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        indexes.make(schema_editor.connection)


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        indexes.drop(schema_editor.connection)


class Migration(migrations.Migration):
    """Texts are found as they are folded. In pieces, and the index while others write, which no transaction may do."""

    atomic = False
    dependencies = [("messaging", "0006_private_readings")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddField("message", "folded", models.TextField(editable=False, null=True)),
            ],
        ),
        migrations.RunPython(add_column, drop_column),
        migrations.RunPython(fold, migrations.RunPython.noop),
        migrations.RunPython(make_index, drop_index),
    ]
