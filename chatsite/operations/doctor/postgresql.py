"""Check PostgreSQL's connections for all workers, and its trigram index for the search."""

from django.db import connection

from chatsite.observability import echo
from chatsite.operations.doctor import running
from chatsite.operations.doctor.database import query_value
from chatsite.operations.doctor.findings import Findings, note, ok, wrong

# For a backup, a shell and monitoring.
SPARE_CONNECTIONS = 5
# `true`: NULL for a setting that this version lacks.
RESERVED_CONNECTIONS_SQL = "SELECT current_setting(%s, true)"
# The name is that of `PARTS` in messaging/search/postgresql.py.
TRIGRAM_INDEX_SQL = "SELECT to_regclass('message_search_trigrams') IS NOT NULL"


def connections() -> Findings:
    """Check that `max_connections` is enough for all workers of this machine; other machines' aren't known."""
    if connection.vendor == "sqlite":
        yield ok("connections", "SQLite has as many as are asked for.")
        return
    kept = ("superuser_reserved_connections", "reserved_connections")
    free = int(query_value("SHOW max_connections")) - sum(
        int(query_value(RESERVED_CONNECTIONS_SQL, name) or 0) for name in kept
    )
    found = running.site()
    started = found or echo.process_config()
    needed = started.workers * started.connections
    most = f"{started.workers} × {started.connections} at most{running.source_note(found)}"
    sentence = f"{most}; PostgreSQL has {free} for everything."
    advice = "Raise max_connections in postgresql.conf, or lower DATABASE_CONNECTIONS."
    if needed > free:
        yield wrong("connections", sentence, advice)
    elif needed > free - SPARE_CONNECTIONS:
        yield note("connections", sentence, f"A backup, a shell or another machine may find none. {advice}")
    else:
        yield ok("connections", sentence)


def search() -> Findings:
    if connection.vendor == "sqlite":
        yield ok("search", "SQLite reads the messages, from the newest on.")
    elif query_value(TRIGRAM_INDEX_SQL):
        yield ok("search", "It finds parts of words, by an index.")
    else:
        yield note(
            "search",
            "It finds words only by how they begin: pg_trgm isn't there.",
            "Install PostgreSQL's contrib package, then ./run manage index_messages and start again.",
        )
