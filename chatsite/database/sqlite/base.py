"""Django's SQLite backend for a server whose greenlets share one thread.

A COMMIT waits for the disk: 0.3 ms here, 10 ms on a slow one, and nobody else would be served meanwhile. There
it runs in a thread (`commits.py`). As another greenlet may want to write before it is done, a transaction takes a lock of
this process before its first write: at SQLite's own lock a waiting greenlet would hold up the thread for
everyone. The lock is held until the hooks of `on_commit` have run, so events are published in the order of
their commits.

Another process that writes (`manage.py`) holds SQLite's own lock. The server tries again and again, and
serves everybody else in between.

A greenlet closes its connection when it ends, and opening the next one takes 0.4 ms, and the statements that it
had parsed. So it is kept for the next greenlet, as on PostgreSQL.
"""

import sqlite3
import time
from collections import defaultdict, deque
from contextlib import suppress
from functools import lru_cache
from typing import Any
from weakref import WeakSet

from django.db.backends.sqlite3 import base
from django.db.backends.utils import debug_transaction
from django.db.utils import OperationalError

from chatsite.database.hooks import NamedHooks
from chatsite.database.sqlite.commits import commits
from chatsite.observability.metrics.databases import Watched
from chatsite.realtime.scheduling.background import serving
from chatsite.realtime.scheduling.fair_lock import FairLock
from chatsite.realtime.scheduling.yield_points import yield_point

# Seconds that a statement waits for another process, as SQLite's own timeout; and between two attempts.
BUSY_TIMEOUT_SECONDS = 5.0
RETRY_SECONDS = 0.005
# Connections that are kept while no greenlet has them, each with up to 2 MB of pages; and for how many seconds: a file that
# is put in the database's place has to be seen. The one used last is taken first.
MAX_IDLE, IDLE_SECONDS = 8, 5.0

# By database alias: pairs of connection and the time at which it became idle, the one used last at the end.
idle_connections: dict[str, deque[tuple[Any, float]]] = defaultdict(deque)
write_lock = FairLock()


class Cursor(base.SQLiteCursorWrapper):
    """Waits for another process's lock in the server's loop, where the statement can be repeated. A statement
    outside of a transaction is a yield point, as on PostgreSQL, whose answer is waited for."""

    def convert_query(self, query: str, *, param_names: Any = None) -> str:
        if param_names is None:
            return with_question_marks(query)
        named: str = super().convert_query(query, param_names=param_names)
        return named

    def execute(self, query: str, params: Any = None) -> Any:
        if not self.connection.in_transaction:
            yield_point()
        deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
        while True:
            try:
                return super().execute(query, params)
            except sqlite3.OperationalError as error:
                if not is_busy(error) or self.connection.in_transaction or time.monotonic() > deadline:
                    raise
            time.sleep(RETRY_SECONDS)


@lru_cache(maxsize=500)
def with_question_marks(query: str) -> str:
    """Return the statement with SQLite's own marks for its parameters. By a regular expression, which for a long statement
    took a tenth of a message's time; those written by hand are few and always the same."""
    converted: str = base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
    return converted


def is_busy(error: sqlite3.Error) -> bool:
    # The low byte is the primary code, the others are details.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


class DatabaseWrapper(Watched, NamedHooks, base.DatabaseWrapper):
    """Django's connection to SQLite, whose transactions hold the process's write lock."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lock_depth = 0
        # Whether the connection is one that others had: it knows its functions, and loses its statements by new ones.
        self.is_kept = False
        # Those of the connection that somebody still refers to.
        self._cursors: WeakSet[Cursor] = WeakSet()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        kept = self._kept()
        self.is_kept = kept is not None
        if self.is_kept:
            return kept
        connection = super().get_new_connection(conn_params)
        if serving():
            connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def _kept(self) -> Any:
        """Return a connection that was kept, None where there is none. Threads with slow queries take some, too."""
        idle = idle_connections[self.alias]
        with suppress(IndexError):
            while True:
                connection, since = idle.pop()
                if time.monotonic() - since <= IDLE_SECONDS:
                    return connection
                connection.close()
        return None

    def create_cursor(self, name: str | None = None) -> Any:
        cursor = self.connection.cursor(factory=Cursor)
        self._cursors.add(cursor)
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        if not write_lock.acquire(BUSY_TIMEOUT_SECONDS):
            raise OperationalError("database is locked: another transaction of this process goes on")
        self._lock_depth += 1
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._release_write_lock()
            raise

    def _commit(self) -> None:
        if self.connection is not None:
            with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
                commits.run(self.connection.commit)

    def set_autocommit(self, autocommit: bool, *args: Any, **kwargs: Any) -> None:
        """With True, end a transaction: the hooks run inside, and then the lock is released."""
        try:
            super().set_autocommit(autocommit, *args, **kwargs)
        finally:
            if autocommit:
                self._release_write_lock()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._release_write_lock()

    def _close(self) -> None:
        if self.connection is None or not serving() or not self._keep():
            super()._close()  # type: ignore[misc]
        # Those of a connection that is closed can't be closed any more.
        self._cursors.clear()

    def _keep(self) -> bool:
        """Keep the connection for the next greenlet; False for one in a transaction, which a thread may be committing."""
        if self.errors_occurred or self.in_atomic_block or self.connection.in_transaction:
            return False
        # One that hasn't read all of its rows would hold the database as it was then, for whoever comes next.
        for cursor in list(self._cursors):
            cursor.close()
        idle, now = idle_connections[self.alias], time.monotonic()
        with suppress(IndexError):
            while len(idle) >= MAX_IDLE or now - idle[0][1] > IDLE_SECONDS:
                idle.popleft()[0].close()
        idle.append((self.connection, now))
        return True

    def idle(self) -> int:
        return len(idle_connections[self.alias])

    def _release_write_lock(self) -> None:
        if self._lock_depth:
            self._lock_depth -= 1
            write_lock.release()
