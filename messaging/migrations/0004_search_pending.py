from django.db import migrations


class Migration(migrations.Migration):
    """Let the index of 0003_search keep a longer list, as a new one does from the start."""

    dependencies = [("messaging", "0003_search")]
    operations = []
