"""Timers in the server's loop, each in a greenlet. Apps use the engine's clock through this module only."""

import logging
from collections.abc import Callable
from typing import Any

import eventlet
from django.db import connections

logger = logging.getLogger(__name__)


class Timer:
    """Calls `func(*args)` in a greenlet of its own after `seconds`, unless cancelled before."""

    def __init__(self, seconds: float, func: Callable[..., Any], *args: Any) -> None:
        self._thread = eventlet.spawn_after(seconds, self._run, func, *args)

    def cancel(self) -> None:
        self._thread.cancel()

    @staticmethod
    def _run(func: Callable[..., Any], *args: Any) -> None:
        try:
            func(*args)
        except Exception:
            logger.exception("A timer failed")
        finally:
            connections.close_all()
