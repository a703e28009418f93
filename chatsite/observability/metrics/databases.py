"""Count this process's database connections and the errors on them."""

import threading
from typing import Any
from weakref import WeakSet

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property

from chatsite.observability.metrics import counters

# Classes of the DB-API, the more particular first.
KINDS = (
    "OperationalError",
    "IntegrityError",
    "DataError",
    "ProgrammingError",
    "InternalError",
    "NotSupportedError",
    "InterfaceError",
)

_all: "WeakSet[Watched]" = WeakSet()
# Threads open connections, too, while the metrics are asked for.
_all_lock = threading.Lock()


class CountedErrors(DatabaseErrorWrapper):
    """Django's translation of a driver's errors, which counts each error once."""

    wrapper: Any

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if kind is not None:
            self._count(kind)
            super().__exit__(kind, error, traceback)

    def _count(self, kind: type[BaseException]) -> None:
        driver = self.wrapper.Database
        if issubclass(kind, driver.Error):
            names = (name for name in KINDS if issubclass(kind, getattr(driver, name)))
            counters.database_errors[next(names, "DatabaseError"),] += 1


class Watched(BaseDatabaseWrapper):
    """Mixin for a backend's `DatabaseWrapper`: its connection and errors are counted."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        with _all_lock:
            _all.add(self)

    @cached_property
    def wrap_database_errors(self) -> CountedErrors:
        return CountedErrors(self)

    def is_broken(self) -> bool:
        """Return whether the connection is known to be dead, without a round trip to the server."""
        return False

    def idle(self) -> int:
        """Count pooled connections that no greenlet holds."""
        return 0


def in_use() -> int:
    """Count connections that a greenlet holds."""
    with _all_lock:
        wrappers = list(_all)
    return sum(wrapper.connection is not None for wrapper in wrappers)


def idle() -> int:
    wrapper = connections["default"]
    return wrapper.idle() if isinstance(wrapper, Watched) else 0
