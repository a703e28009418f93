"""Django's PostgreSQL backend for a server whose greenlets come and go.

A greenlet closes its connection when it ends, and for the next one PostgreSQL would fork a process: 1 ms of
our CPU and 4 ms of waiting where a query takes 0.6. So a usable connection is kept for the next greenlet.
`connection_quota` bounds how many there are. Why this isn't Django's pool is in docs/architecture.md.
"""

from collections import defaultdict, deque
from time import monotonic
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from psycopg import Error
from psycopg.pq import TransactionStatus

from chatsite.database import connection_quota
from chatsite.database.hooks import NamedHooks
from chatsite.observability.metrics.databases import Watched
from chatsite.realtime.scheduling.background import serving

# Seconds for which an unused connection is kept; the one used last is taken first.
IDLE_SECONDS = 5.0
# Seconds that a statement waits for another's lock, as on SQLite.
LOCK_TIMEOUT_SECONDS = 5.0

# By database alias: pairs of connection and the time at which it became idle, the one used last at the end.
idle_connections: dict[str, deque[tuple[Any, float]]] = defaultdict(deque)


def is_usable(connection: Any) -> bool:
    """Return whether the connection is outside of a transaction and PostgreSQL hasn't ended it. Reads what has
    arrived, which takes a microsecond."""
    try:
        # The first call reads PostgreSQL's last words, the second finds the end.
        connection.pgconn.consume_input()
        connection.pgconn.consume_input()
    except Error:
        return False
    return bool(connection.pgconn.transaction_status == TransactionStatus.IDLE)


class DatabaseWrapper(Watched, NamedHooks, base.DatabaseWrapper):
    """Django's connection to PostgreSQL, which takes over and leaves behind kept connections."""

    _new = False
    _release_place: Any = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self._release_place = connection_quota.acquire(self)
        try:
            return self._connection(conn_params)
        except BaseException:
            self._give_back()
            raise

    def _give_back(self) -> None:
        if self._release_place is not None:
            self._release_place()
            self._release_place = None

    def _connection(self, conn_params: dict[str, Any]) -> Any:
        idle = idle_connections[self.alias]
        while idle:
            connection, _ = idle.pop()
            if is_usable(connection):
                return connection
            connection.close()
        self._new = True
        return super().get_new_connection(conn_params)

    def init_connection_state(self) -> None:
        super().init_connection_state()
        if self._new:
            self._new = False
            with self.cursor() as cursor:
                cursor.execute(session_settings())

    def is_broken(self) -> bool:
        return self.connection is not None and not self.in_atomic_block and not is_usable(self.connection)

    def _close(self) -> None:
        try:
            if self.connection is not None and serving() and not self.errors_occurred and self._keep():
                return
            super()._close()  # type: ignore[misc]
        finally:
            self._give_back()

    def _keep(self) -> bool:
        idle, now = idle_connections[self.alias], monotonic()
        while idle and now - idle[0][1] > IDLE_SECONDS:
            idle.popleft()[0].close()
        if not is_usable(self.connection):
            return False
        idle.append((self.connection, now))
        return True

    def idle(self) -> int:
        return len(idle_connections[self.alias])


def session_settings() -> str:
    """Return the SET statements for a new connection. Commands such as migrations and backups have no
    timeouts."""
    # JIT compiles what looks expensive and isn't: GET /room spent 19 of its 20 ms on that.
    told = {"jit": "off"}
    if serving() and settings.DATABASE_STATEMENT_TIMEOUT:
        longest = settings.DATABASE_STATEMENT_TIMEOUT * 1000
        told |= {
            "statement_timeout": str(longest),
            "lock_timeout": str(min(int(LOCK_TIMEOUT_SECONDS * 1000), longest)),
            # A process that stands still would keep others from the rows that it has locked.
            "idle_in_transaction_session_timeout": str(longest),
        }
    return "; ".join(f"SET {name} = {value}" for name, value in told.items())
