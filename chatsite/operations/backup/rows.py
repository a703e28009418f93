"""A table as lines of JSON, one array a row: the same bytes for the same rows, whichever engine keeps them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
from django.db import connection, models
from django.db.models.functions import Collate

from chatsite.database.chunks import chunked

# Rows at once: few round trips, and a few MB of the longest messages.
CHUNK_ROWS = 2000
# jsonb keeps an object's keys in an order of its own.
JSON_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
# What JSON can say as it is.
JSON_FIELDS = (models.CharField, models.TextField, models.IntegerField, models.BooleanField)


class Tally:
    """Counts and hashes the lines that pass."""

    def __init__(self) -> None:
        self.rows = 0
        self._digest = hashlib.sha256()

    def of(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            self.rows += 1
            self._digest.update(line)
            yield line

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def fields_of(model: Any) -> list[Any]:
    return [field for field in model._meta.local_concrete_fields if not getattr(field, "generated", False)]


def columns_of(model: Any) -> list[str]:
    return [field.column for field in fields_of(model)]


def by_key(model: Any) -> Any:
    """Text is sorted by its bytes: PostgreSQL's default depends on the machine's language."""
    if isinstance(model._meta.pk, models.CharField):
        return Collate("pk", "C" if connection.vendor == "postgresql" else "BINARY")
    return "pk"


def read(model: Any) -> Iterator[bytes]:
    """Its lines, in the order of the primary key."""
    names = [field.attname for field in fields_of(model)]
    rows = model._base_manager.order_by(by_key(model)).values_list(*names)
    for row in rows.iterator(chunk_size=CHUNK_ROWS):
        yield orjson.dumps(row, option=JSON_OPTIONS)


def write(model: Any, lines: Iterable[bytes]) -> None:
    """Into its empty table. The sequence of its ids is `reset_sequences`'s."""
    put = copy if connection.vendor == "postgresql" else insert
    put(model, converted(model, lines))


def converted(model: Any, lines: Iterable[bytes]) -> Iterator[list[Any]]:
    """What the engine's driver takes for each line."""
    odd = [(place, convert) for place, field in enumerate(fields_of(model)) if (convert := converter(field))]
    for line in lines:
        row = orjson.loads(line)
        for place, convert in odd:
            row[place] = convert(row[place])
        yield row


def converter(field: Any) -> Callable[[Any], Any] | None:
    target = field.target_field if field.remote_field else field
    if isinstance(target, JSON_FIELDS):
        return None
    return lambda value: field.get_db_prep_save(field.to_python(value), connection)


def insert(model: Any, rows: Iterator[list[Any]]) -> None:
    quoted = [connection.ops.quote_name(name) for name in columns_of(model)]
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"INSERT INTO {table} ({', '.join(quoted)}) VALUES ({', '.join(['%s'] * len(quoted))})"
    with connection.cursor() as cursor:
        for chunk in chunked(rows, CHUNK_ROWS):
            cursor.executemany(statement, chunk)


def copy(model: Any, rows: Iterator[list[Any]]) -> None:
    quoted = ", ".join(connection.ops.quote_name(name) for name in columns_of(model))
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"COPY {table} ({quoted}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as sink:
        for row in rows:
            sink.write_row(row)
