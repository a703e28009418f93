"""The real site, with the patience that a test asks for. Served like it."""

from chatsite.wsgi import application

__all__ = ["application"]

import tests.realtime.patience  # noqa: F401
