"""Hand-written statements, for the few places where the ORM's time is most of a request's: many rows at once, in one
statement that PostgreSQL and SQLite both understand.

Rows go in as one JSON parameter (`rows_in`), so that a statement's text is the same for one row and for five hundred:
PostgreSQL plans it once for each connection, and the driver has one value to bind.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from django.db import connection

Row = tuple[Any, ...]

# More rows than any statement is given.
MOST = 1_000_000
# SQLite says in its own words what a value of JSON becomes.
SQLITE_TYPES = {"bigint": "integer", "int": "integer"}


def postgresql() -> bool:
    return connection.vendor == "postgresql"


def rows_in(**columns: str) -> str:
    """What stands behind FROM for a parameter made by `packed`: the table `given` of these columns, each with its
    PostgreSQL type, and of `n`, which numbers the rows from 0."""
    columns = {"n": "int", **columns}
    if postgresql():
        # It takes any such list for a hundred rows, and reads whole tables beside it; by this range it expects a single one,
        # and looks each up by its key.
        names = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        return f"(SELECT * FROM json_to_recordset(%s::json) AS row({names}) WHERE n BETWEEN 0 AND {MOST}) AS given"
    values = (
        f"CAST(json_extract(value, '$.{name}') AS {SQLITE_TYPES[kind]}) AS {name}"
        if kind in SQLITE_TYPES
        else f"json_extract(value, '$.{name}') AS {name}"
        for name, kind in columns.items()
    )
    return f"(SELECT {', '.join(values)} FROM json_each(%s)) AS given"


def packed(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows for `rows_in`: of strings, numbers, None, and what orjson writes as strings (UUIDs, times)."""
    return orjson.dumps([{**row, "n": n} for n, row in enumerate(rows)]).decode()


def run(statement: str, *parameters: Any) -> list[Row]:
    """All rows it gives; none for one that gives nothing. Values are the driver's, not converted as the ORM does."""
    if postgresql() and not connection.queries_logged:
        return _run_prepared(statement, parameters)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def _run_prepared(statement: str, parameters: Row) -> list[Row]:
    """Django's cursors put the values into the text, which PostgreSQL then reads and plans each time."""
    from psycopg import Cursor

    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:
        raw.prepare_threshold = 1
    with connection.wrap_database_errors, Cursor(raw) as cursor:
        cursor.execute(statement, parameters, prepare=True)
        return cursor.fetchall() if cursor.description else []
