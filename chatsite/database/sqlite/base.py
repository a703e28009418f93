"""Django's SQLite backend for a server whose greenlets share one thread.

A COMMIT waits for the disk: 0.3 ms here, 10 ms on a slow one, and nobody else is served meanwhile. So it runs in a
real thread. And since another greenlet may now want to write before it is done, whoever writes first takes their
turn at a lock of this process; at SQLite's own lock a waiting greenlet would hold up the thread for everyone.

The turn lasts until the hooks of `on_commit` have run, so events are published in the order of their commits.

Another process that writes (`manage.py`) holds SQLite's own lock. The server asks for it again and again, and serves
everybody else in between: SQLite's wait would hold up the thread.
"""

import sqlite3
import time
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.backends.utils import debug_transaction
from django.db.utils import OperationalError

from chatsite.observability.metrics.databases import Watched
from chatsite.realtime.scheduling.fair_lock import FairLock
from chatsite.realtime.scheduling.threads import in_thread, serving
from chatsite.realtime.scheduling.yield_points import yield_point

# Seconds; what SQLite itself is given to wait for another process.
PATIENCE = 5.0
AGAIN = 0.005

turn = FairLock()


class Cursor(base.SQLiteCursorWrapper):
    """Waits for another process's lock in the server's loop, where the statement can be said again. A reading is a yield
    point, as on PostgreSQL, whose answer is waited for."""

    def execute(self, query: str, params: Any = None) -> Any:
        if not self.connection.in_transaction:
            yield_point()
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return super().execute(query, params)
            except sqlite3.OperationalError as error:
                if not is_busy(error) or self.connection.in_transaction or time.monotonic() > deadline:
                    raise
            time.sleep(AGAIN)


def is_busy(error: sqlite3.Error) -> bool:
    # The low byte is the code, the others say more of why.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


class DatabaseWrapper(Watched, base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turns = 0

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if serving():
            connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=Cursor)

    def _start_transaction_under_autocommit(self) -> None:
        if not turn.take(PATIENCE):
            raise OperationalError("database is locked: another transaction of this process goes on")
        self._turns += 1
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        if self.connection is not None:
            with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
                in_thread(self.connection.commit)

    def set_autocommit(self, autocommit: bool, *args: Any, **kwargs: Any) -> None:
        """With True, the end of a transaction: the hooks run in here."""
        try:
            super().set_autocommit(autocommit, *args, **kwargs)
        finally:
            if autocommit:
                self._end_turn()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._end_turn()

    def _end_turn(self) -> None:
        if self._turns:
            self._turns -= 1
            turn.give_back()
