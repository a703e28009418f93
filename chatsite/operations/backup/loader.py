"""Load an archive's rows into empty tables, then read them back and compare them with the manifest."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Count, Exists, Max, OuterRef

from chatsite.operations.backup import dumping, history, rows
from chatsite.operations.backup.archive import Archive


def fill(archive: Archive) -> None:
    """Create the archive's tables in an empty database and load its rows. Raises CommandError if they differ afterwards."""
    history.migrate_to(archive.migrations)
    models = history.models_at(archive.migrations)
    check_tables(archive, models)
    with checked_at_the_end():
        empty(models)
        for model in models:
            rows.write(model, archive.lines(model._meta.label_lower))
        check_references(models)
    reset_sequences(models)
    compare(archive, models)


@contextmanager
def checked_at_the_end() -> Iterator[None]:
    """Defer foreign keys to the end of the block, as rows come in any order."""
    with connection.constraint_checks_disabled(), transaction.atomic():
        defer(True)
        yield
        connection.check_constraints()
        defer(False)


def defer(later: bool) -> None:
    """Defer PostgreSQL's constraints, or check them now: it can't alter a table with pending checks."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET CONSTRAINTS ALL {'DEFERRED' if later else 'IMMEDIATE'}")


def check_tables(archive: Archive, models: list[Any]) -> None:
    """Raise CommandError if the archive's tables or columns aren't those of its migrations."""
    if set(archive.tables) != {model._meta.label_lower for model in models}:
        raise CommandError("The archive's tables are not those of its migrations.")
    for model in models:
        if archive.tables[model._meta.label_lower]["columns"] != rows.columns_of(model):
            raise CommandError(
                f"The archive's {model._meta.label_lower} has other columns than its migrations make."
            )


def check_references(models: list[Any]) -> None:
    """Raise CommandError if a row refers to one that isn't there by a column whose foreign key the database lacks: messages
    have none on PostgreSQL."""
    for model in models:
        with connection.cursor() as cursor:
            keyed = connection.introspection.get_relations(cursor, model._meta.db_table)
        for field in rows.fields_of(model):
            if field.remote_field and field.db_constraint and field.column not in keyed and is_lost(field):
                raise CommandError(
                    f"The archive is damaged: {field.column} of {model._meta.label_lower} names what isn't there."
                )


def is_lost(field: Any) -> bool:
    """Return whether any row's value of a foreign key is no row's."""
    target = field.target_field
    there = target.model._base_manager.filter(**{target.attname: OuterRef(field.attname)})
    given = field.model._base_manager.filter(**{f"{field.attname}__isnull": False})
    return bool(given.filter(~Exists(there)).exists())


def empty(models: list[Any]) -> None:
    """Delete the rows that the migrations themselves made."""
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")


def reset_sequences(models: list[Any]) -> None:
    """Set each sequence so that the next id is one above the highest."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def compare(archive: Archive, models: list[Any]) -> None:
    """Raise CommandError if tables, heads or epochs differ from the manifest."""
    wrong = [sentence for model in models for sentence in table_differs(archive, model)]
    wrong += heads_differ(archive, models)
    if wrong:
        raise CommandError("The archive is damaged:\n" + "\n".join(wrong))


def table_differs(archive: Archive, model: Any) -> list[str]:
    label = model._meta.label_lower
    said, tally = archive.tables[label], rows.Tally()
    for _ in tally.of(rows.read(model)):
        pass
    if tally.rows != said["rows"]:
        return [f"{label} has {tally.rows} rows, not {said['rows']}."]
    if tally.sha256 != said["sha256"]:
        return [f"{label} has other rows than when the backup was made."]
    return []


def heads_differ(archive: Archive, models: list[Any]) -> list[str]:
    """List sentences about rooms whose head or epoch differs, or whose log has holes."""
    by_label = {model._meta.label_lower: model for model in models}
    wrong = [] if dumping.rooms(models) == archive.rooms else ["The rooms' heads or epochs differ."]
    logs = by_label["rooms.event"]._base_manager.values_list("room__slug").annotate(Count("pk"), Max("seq"))
    found = {slug: (count, last) for slug, count, last in logs.order_by()}
    for slug, room in archive.rooms.items():
        count, last = found.get(slug, (0, 0))
        if not count == last == room["head"]:
            wrong.append(f"The log of {slug} has {count} events up to {last}; its head is {room['head']}.")
    return wrong
