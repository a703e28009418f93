"""Hand-written statements for the few places where the ORM takes most of a request's time: many rows at once,
in one statement that PostgreSQL and SQLite both understand.

Rows go in as one JSON parameter (`rows_in`), so a statement's text is the same for one row and for five
hundred: PostgreSQL plans it once for each connection, and the driver binds one value.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import orjson
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

Row = tuple[Any, ...]

# More rows than any statement is given.
MAX_ROWS = 1_000_000
# SQLite's names for the types that a JSON value is cast to.
SQLITE_TYPES = {"bigint": "integer", "int": "integer"}


@cache
def postgresql() -> bool:
    """Return whether the default database is PostgreSQL."""
    return connection.vendor == "postgresql"


def rows_in(**columns: str) -> str:
    """Return the SQL that stands behind FROM for a parameter made by `packed`: the table `given` with these
    columns, each with its PostgreSQL type, and `n` (int), which numbers the rows from 0."""
    columns = {"n": "int", **columns}
    if postgresql():
        # PostgreSQL takes any such table for a hundred rows, and reads whole tables beside it; for this range
        # of `n` it expects a single one, and looks each up by its key.
        names = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        return f"(SELECT * FROM json_to_recordset(%s::json) AS row({names}) WHERE n BETWEEN 0 AND {MAX_ROWS}) AS given"
    values = (
        f"CAST(json_extract(value, '$.{name}') AS {SQLITE_TYPES[kind]}) AS {name}"
        if kind in SQLITE_TYPES
        else f"json_extract(value, '$.{name}') AS {name}"
        for name, kind in columns.items()
    )
    return f"(SELECT {', '.join(values)} FROM json_each(%s)) AS given"


def ids_in() -> str:
    """Return the SQL that stands behind FROM for a parameter that is a JSON array of integers: the table `given`
    with `id`, and `n`, which numbers them from 0."""
    if postgresql():
        return f"""(SELECT n - 1 AS n, id::bigint FROM json_array_elements_text(%s::json) WITH ORDINALITY AS row(id, n)
            WHERE n BETWEEN 0 AND {MAX_ROWS}) AS given"""
    return "(SELECT key AS n, value AS id FROM json_each(%s)) AS given"


def packed(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the JSON parameter for `rows_in`. Values are strings, numbers, None, and what orjson writes as
    strings (UUIDs, times)."""
    return orjson.dumps([{**row, "n": n} for n, row in enumerate(rows)]).decode()


def run(statement: str, *parameters: Any) -> list[Row]:
    """Run one statement and return all its rows, an empty list where it gives none. Values are the driver's,
    not converted as the ORM does. Raises Django's database errors."""
    # The proxy `connection` looks its greenlet's up for each attribute.
    database = connections[DEFAULT_DB_ALIAS]
    if postgresql() and not database.queries_logged:
        return _run_prepared(database, statement, parameters)
    with database.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def _run_prepared(database: BaseDatabaseWrapper, statement: str, parameters: Row) -> list[Row]:
    """Run a prepared statement; Django's cursors put the values into the text, which PostgreSQL then parses
    and plans each time."""
    from psycopg import Cursor

    database.ensure_connection()
    raw = database.connection
    if raw.prepare_threshold is None:
        raw.prepare_threshold = 1
    with database.wrap_database_errors, Cursor(raw) as cursor:
        cursor.execute(statement, parameters, prepare=True)
        # Not `description`, which makes an object of each column.
        return cursor.fetchall() if cursor.pgresult is not None and cursor.pgresult.nfields else []
