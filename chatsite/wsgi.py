"""The WSGI application: Socket.IO and Django in one process, joined with the site's others where REDIS_URL is set."""

import logging
import os
from pathlib import Path

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
logging.captureWarnings(True)
django = get_wsgi_application()

# Modules that import models come after Django's setup.
from django.conf import settings  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import reverse  # noqa: E402

from chatsite.database import sql  # noqa: E402
from chatsite.observability.metrics.workers import workers  # noqa: E402
from chatsite.realtime.socketio.server import sio, wsgi  # noqa: E402
from chatsite.realtime.worker import socket_handoff  # noqa: E402
from chatsite.routing import router  # noqa: E402
from rooms.log.consumers.service import service as consumers  # noqa: E402

# All views and the templates' libraries are loaded now: the first request would hold up everybody while it does that.
reverse("home")
engines.all()
sio.route(router)
if socket_handoff.FOLDER in os.environ:
    workers.share(Path(os.environ[socket_handoff.FOLDER]))
sio.companions += [workers, consumers]
if settings.REDIS_URL and sql.postgresql():
    from chatsite import cluster

    cluster.join(sio)
application = wsgi(django)
