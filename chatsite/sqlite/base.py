"""Django's SQLite backend for a server whose greenlets share one thread.

A COMMIT waits for the disk: 0.3 ms here, 10 ms on a slow one, and nobody else is served meanwhile. So it runs in a
real thread. And since another greenlet may now want to write before it is done, whoever writes first takes their
turn at a lock of this process; at SQLite's own lock a waiting greenlet would hold up the thread for everyone.

The turn lasts until the hooks of `on_commit` have run, so events are published in the order of their commits.
"""

from threading import RLock
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.backends.utils import debug_transaction
from django.db.utils import OperationalError

from chatsite.realtime.threads import in_thread

# Seconds; what SQLite itself is given to wait for another process.
PATIENCE = 5.0

turn = RLock()


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turns = 0

    def _start_transaction_under_autocommit(self) -> None:
        if not turn.acquire(timeout=PATIENCE):
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
            turn.release()
