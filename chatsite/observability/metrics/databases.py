"""Which database connections are open in this process, and what went wrong on them."""

from typing import Any
from weakref import WeakSet

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property

from chatsite.observability.metrics import counters

# The more particular come first.
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


class CountedErrors(DatabaseErrorWrapper):
    """Django's translation of a driver's errors; each passes here once as the driver's own."""

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
    """A mixin for a backend's wrapper."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _all.add(self)

    @cached_property
    def wrap_database_errors(self) -> CountedErrors:
        return CountedErrors(self)

    def is_broken(self) -> bool:
        """Whether it can't be used any more, as far as that is seen without asking."""
        return False

    def idle(self) -> int:
        """Connections that nobody holds and that wait for the next greenlet."""
        return 0


def in_use() -> int:
    """Connections that a greenlet holds."""
    return sum(wrapper.connection is not None for wrapper in list(_all))


def idle() -> int:
    wrapper = connections["default"]
    return wrapper.idle() if isinstance(wrapper, Watched) else 0
