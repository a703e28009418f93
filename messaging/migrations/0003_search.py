from django.db import migrations

from messaging.search import indexes
from messaging.search.postgresql import PARTS, WORDS


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        indexes.make(schema_editor.connection)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {PARTS}, {WORDS}")


class Migration(migrations.Migration):
    """Words are found by an index on PostgreSQL. It is made while others write, which no transaction may do."""

    atomic = False
    dependencies = [("messaging", "0002_fewer_indexes")]
    operations = [migrations.RunPython(make, drop, elidable=False)]
