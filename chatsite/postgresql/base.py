"""Django's PostgreSQL backend for a server whose greenlets come and go.

Each greenlet closes its connection when it ends, and for the next PostgreSQL would fork a process: 1 ms of our CPU and
4 ms of waiting where a query takes 0.6. So a connection that is whole waits for whoever comes next.
"""

from collections import defaultdict, deque
from time import monotonic
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Error
from psycopg.pq import TransactionStatus

from chatsite.metrics.databases import Watched
from chatsite.realtime import places
from chatsite.realtime.threads import serving

# So many wait unused; beyond that they are closed.
MOST = 16
# Seconds for which one waits.
LONGEST = 60.0

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
        self._place = places.take(self)
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
                # It compiles what looks dear and isn't: GET /room spent 19 of its 20 ms on that.
                cursor.execute("SET jit = off")

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
        if len(idle) >= MOST or not is_whole(self.connection):
            return False
        idle.append((self.connection, now))
        return True

    def idle(self) -> int:
        return len(waiting[self.alias])
