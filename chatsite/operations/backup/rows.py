"""Write and read tables as lines of JSON, an array per row: equal rows give equal bytes on both engines."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
from django.db import connection, models
from django.db.models.functions import Collate

# Few round trips, and at most a few MB of the longest messages: of rows that aren't ours, too.
CHUNK_ROWS, CHUNK_BYTES = 2000, 16 * 1024 * 1024
# Sorted, as jsonb doesn't keep the order of keys.
JSON_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
# Fields whose values JSON has natively; others are converted.
JSON_FIELDS = (models.CharField, models.TextField, models.IntegerField, models.BooleanField)


class Tally:
    """Count and hash the lines that pass through `of`."""

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
    """Order by the primary key; text by its bytes, as PostgreSQL's default collation depends on the machine."""
    if isinstance(model._meta.pk, models.CharField):
        return Collate("pk", "C" if connection.vendor == "postgresql" else "BINARY")
    return "pk"


def read(model: Any) -> Iterator[bytes]:
    """Yield a model's rows as lines, in the order of the primary key."""
    names = [field.attname for field in fields_of(model)]
    rows = model._base_manager.order_by(by_key(model)).values_list(*names)
    for row in rows.iterator(chunk_size=CHUNK_ROWS):
        yield orjson.dumps(row, option=JSON_OPTIONS)


def write(model: Any, lines: Iterable[bytes]) -> None:
    """Insert lines into a model's empty table. `loader.reset_sequences` sets its sequence."""
    put = copy if connection.vendor == "postgresql" else insert
    put(model, lines)


def converted(model: Any, lines: Iterable[bytes]) -> Iterator[list[Any]]:
    """Parse lines into rows of values as the engine's driver takes them."""
    odd = [(place, convert) for place, field in enumerate(fields_of(model)) if (convert := converter(field))]
    for line in lines:
        row = orjson.loads(line)
        for place, convert in odd:
            row[place] = convert(row[place])
        yield row


def converter(field: Any) -> Callable[[Any], Any] | None:
    """Return the conversion from JSON to the driver's value; None where none is needed."""
    target = field.target_field if field.remote_field else field
    if isinstance(target, JSON_FIELDS):
        return None
    return lambda value: field.get_db_prep_save(field.to_python(value), connection)


def in_chunks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield lines in lists of at most CHUNK_ROWS, and of CHUNK_BYTES with one line more."""
    chunk: list[bytes] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line)
        if len(chunk) == CHUNK_ROWS or size > CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def insert(model: Any, lines: Iterable[bytes]) -> None:
    quoted = [connection.ops.quote_name(name) for name in columns_of(model)]
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"INSERT INTO {table} ({', '.join(quoted)}) VALUES ({', '.join(['%s'] * len(quoted))})"
    with connection.cursor() as cursor:
        for chunk in in_chunks(lines):
            cursor.executemany(statement, list(converted(model, chunk)))


def copy(model: Any, lines: Iterable[bytes]) -> None:
    quoted = ", ".join(connection.ops.quote_name(name) for name in columns_of(model))
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"COPY {table} ({quoted}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as sink:
        for row in converted(model, lines):
            sink.write_row(row)
