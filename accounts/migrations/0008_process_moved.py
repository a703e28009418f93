from django.db import migrations


class Migration(migrations.Migration):
    """Give `Process` to `chatsite.realtime.cluster`; its table stays as it is."""

    dependencies = [("accounts", "0007_admin_log_indexes")]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="Process")]),
    ]
