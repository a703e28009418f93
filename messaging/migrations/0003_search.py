from django.db import migrations


class Migration(migrations.Migration):
    """Made PostgreSQL's index of the texts as they are; 0007_folded makes one of the folded texts instead."""

    dependencies = [("messaging", "0002_fewer_indexes")]
    operations = []
