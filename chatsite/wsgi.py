"""What gunicorn serves: Socket.IO and Django in one process, which knows of the site's others where there are any."""

import logging
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
logging.captureWarnings(True)
django = get_wsgi_application()

# Django is set up from here on.
from chatsite.realtime.cluster import processes  # noqa: E402
from chatsite.realtime.socketio.server import sio, wsgi  # noqa: E402
from chatsite.routing import router  # noqa: E402
from chatsite.web.rest import api_docs  # noqa: E402

sio.route(router)
api_docs.prepare()
processes.join(sio)
application = wsgi(django)
