"""Django's PostgreSQL backend for a server whose greenlets come and go.

Each greenlet closes its connection when it ends, and for the next PostgreSQL would fork a process: 1 ms of our CPU and
4 ms of waiting where a query takes 0.6. So a connection that is whole waits for whoever comes next. `places` bounds how
many there are. Why this isn't Django's pool is in docs/architecture.md.
"""

from collections import defaultdict, deque
from time import monotonic
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from psycopg import Error
from psycopg.pq import TransactionStatus

from chatsite.database import connection_quota
from chatsite.observability.metrics.databases import Watched
from chatsite.realtime.scheduling.threads import serving

# Seconds for which one waits unused; who comes takes the one that was used last.
LONGEST = 5.0
# Seconds that a statement waits for another's lock, as on SQLite.
LOCKED = 5.0

# By database alias, the one that was used last at the end; each with the time since when it waits.
waiting: dict[str, deque[tuple[Any, float]]] = defaultdict(deque)


def is_whole(connection: Any) -> bool:
    """Outside of a transaction, and PostgreSQL hasn't ended it. Asks what has arrived, which takes a microsecond."""
    try:
        # The first look takes in its last words, the second finds the end.
        connection.pgconn.consume_input()
        connection.pgconn.consume_input()
    except Error:
        return False
    return bool(connection.pgconn.transaction_status == TransactionStatus.IDLE)


class DatabaseWrapper(Watched, base.DatabaseWrapper):
    _new = False
    _place: Any = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self._place = connection_quota.take(self)
        try:
            return self._connection(conn_params)
        except BaseException:
            self._give_back()
            raise

    def _give_back(self) -> None:
        if self._place is not None:
            self._place()
            self._place = None

    def _connection(self, conn_params: dict[str, Any]) -> Any:
        idle = waiting[self.alias]
        while idle:
            connection, _ = idle.pop()
            if is_whole(connection):
                return connection
            connection.close()
        self._new = True
        return super().get_new_connection(conn_params)

    def init_connection_state(self) -> None:
        super().init_connection_state()
        if self._new:
            self._new = False
            with self.cursor() as cursor:
                cursor.execute(manners())

    def is_broken(self) -> bool:
        return self.connection is not None and not self.in_atomic_block and not is_whole(self.connection)

    def _close(self) -> None:
        try:
            if self.connection is not None and serving() and not self.errors_occurred and self._keep():
                return
            super()._close()  # type: ignore[misc]
        finally:
            self._give_back()

    def _keep(self) -> bool:
        idle, now = waiting[self.alias], monotonic()
        while idle and now - idle[0][1] > LONGEST:
            idle.popleft()[0].close()
        if not is_whole(self.connection):
            return False
        idle.append((self.connection, now))
        return True

    def idle(self) -> int:
        return len(waiting[self.alias])


def manners() -> str:
    """What a new connection is told. Migrations, backups and other commands may take their time."""
    # It compiles what looks dear and isn't: GET /room spent 19 of its 20 ms on that.
    told = {"jit": "off"}
    if serving() and settings.DATABASE_STATEMENT_TIMEOUT:
        longest = settings.DATABASE_STATEMENT_TIMEOUT * 1000
        told |= {
            "statement_timeout": str(longest),
            "lock_timeout": str(min(int(LOCKED * 1000), longest)),
            # A process that stands still would keep others from the rows that it has locked.
            "idle_in_transaction_session_timeout": str(longest),
        }
    return "; ".join(f"SET {name} = {value}" for name, value in told.items())
