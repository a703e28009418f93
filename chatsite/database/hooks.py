"""Hooks of `transaction.on_commit` that fail."""

from collections.abc import Callable
from functools import partial

from django.db.backends.base.base import BaseDatabaseWrapper


class NamedHooks(BaseDatabaseWrapper):
    """Mixin for a backend's `DatabaseWrapper`: each hook has a name.

    By that name Django logs what a robust hook raises, and goes on. A partial has none: an error about the name came out of
    a transaction that was committed, and the hooks behind it, such as deliveries of other events, never ran.
    """

    def on_commit(self, func: Callable[[], object], robust: bool = False) -> None:
        if isinstance(func, partial):
            func.__qualname__ = getattr(func.func, "__qualname__", repr(func.func))  # type: ignore[attr-defined]
        super().on_commit(func, robust)
