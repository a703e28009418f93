"""The real site, with the patience that a test asks for. Served like it."""

from chatsite.wsgi import application

__all__ = ["application"]

import tests.support.sites.handshake_deadlines  # noqa: F401
