from django.db import migrations

# Names that Django gave, with their column and the table that it refers to.
CONSTRAINTS = {
    "messaging_message_room_id_5cecea0c_fk_rooms_room_id": ("room_id", "rooms_room"),
    "messaging_message_sender_id_7a7088e6_fk_accounts_user_id": ("sender_id", "accounts_user"),
}

# What refers to a row, by table and column. Each is the beginning of an index.
REFERRING = {
    "rooms_room": (("messaging_message", "room_id"), ("rooms_event", "room_id")),
    "accounts_user": (("messaging_message", "sender_id"),),
}

# At the end of a transaction, as foreign keys are looked at: whoever stored a message has locked its room and its sender's
# membership, without which neither can be deleted before, and is seen by then. A snapshot of an earlier time wouldn't see it.
# Functions may be there from before: restoring a backup drops the tables alone.
FUNCTION = """
    CREATE OR REPLACE FUNCTION {table}_referred() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN
        IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
            RAISE 'rows of {table} can only be deleted in READ COMMITTED' USING ERRCODE = 'feature_not_supported';
        END IF;
        IF EXISTS (SELECT FROM {table} WHERE id = OLD.id) THEN
            RETURN NULL;
        END IF;
        {checks}
        RETURN NULL;
    END $$"""
CHECK = """
        IF EXISTS (SELECT FROM {other} WHERE {column} = OLD.id) THEN
            RAISE '{table} % is referred to by {other}.{column}', OLD.id USING ERRCODE = 'foreign_key_violation';
        END IF;"""
TRIGGER = """
    CREATE CONSTRAINT TRIGGER {table}_referred AFTER DELETE OR UPDATE OF id ON {table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {table}_referred()"""


def drop(apps, schema_editor):
    """On SQLite the keys stay: they cost a message next to nothing there."""
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, referring in REFERRING.items():
        checks = "".join(CHECK.format(table=table, other=other, column=column) for other, column in referring)
        schema_editor.execute(FUNCTION.format(table=table, checks=checks), params=None)
        schema_editor.execute(TRIGGER.format(table=table), params=None)
    for name in CONSTRAINTS:
        schema_editor.execute(f"ALTER TABLE messaging_message DROP CONSTRAINT IF EXISTS {name}")


def add(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for name, (column, table) in CONSTRAINTS.items():
        schema_editor.execute(
            f"ALTER TABLE messaging_message ADD CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES {table} (id) "
            "DEFERRABLE INITIALLY DEFERRED"
        )
    for table in REFERRING:
        schema_editor.execute(f"DROP TRIGGER {table}_referred ON {table}")
        schema_editor.execute(f"DROP FUNCTION {table}_referred()")


class Migration(migrations.Migration):
    """The statement that stores a message has found and locked its room and its sender: two more checks of each message took
    a fifth of PostgreSQL's time for it. That neither is deleted afterwards, nor a room that has a log, triggers see to. The
    models keep their keys, so that a table that is made anew on SQLite has them."""

    dependencies = [("messaging", "0010_message_parts"), ("rooms", "0011_events_without_foreign_keys")]
    operations = [migrations.RunPython(drop, add)]
