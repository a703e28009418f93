from django.db import migrations

# The administration's own log: what a moderator did last, and what was done to a row. Its table is Django's, its length ours.
INDEXES = {
    "admin_log_by_person": "django_admin_log (user_id, action_time)",
    "admin_log_by_object": "django_admin_log (content_type_id, object_id)",
}


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_name_skeletons"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.RunSQL(f"CREATE INDEX {name} ON {columns}", f"DROP INDEX {name}")
        for name, columns in INDEXES.items()
    ]
