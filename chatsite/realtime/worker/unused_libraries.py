"""Libraries that are installed and that this site doesn't use. Others import them where they are there: Django REST
framework psycopg, and python-socketio redis. That takes a sixth of a start, and megabytes of each process.

`None` in `sys.modules` is Python's way to say that there is no such module.
"""

import sys

from django.conf import settings


def block() -> set[str]:
    """Keep unused libraries from being imported; return their names."""
    unused = set()
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite"):
        unused.add("psycopg")
    if not settings.REDIS_URL:
        unused.add("redis")
    sys.modules.update(dict.fromkeys(unused - sys.modules.keys()))  # type: ignore[arg-type]
    return unused
