"""A process that doesn't look by itself at who may stay: what it does about them, it was told by another one."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
get_wsgi_application()

from chatsite.realtime.delivery import revocation  # noqa: E402

revocation.RECHECK_SECONDS = 3600.0

from chatsite.wsgi import application  # noqa: E402

__all__ = ["application"]
