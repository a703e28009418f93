"""How gunicorn runs the site. `./run` sets the two variables; the rest is the same everywhere."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from chatsite.observability.logs import FORMATTERS
from chatsite.realtime.worker import rolling_restart
from chatsite.realtime.worker.socket_handoff import FOLDER

bind = os.environ.get("CHATSITE_BIND", "127.0.0.1:8000")
worker_class = "chatsite.realtime.worker.eventlet_worker.EventletWorker"
# More than one needs Redis and PostgreSQL.
workers = int(os.environ.get("CHATSITE_WORKERS", "1"))
# Longer than any request should take; with sockets open the worker still answers its arbiter.
timeout = 60
graceful_timeout = 2
keepalive = 75
# Clients that the kernel keeps until they are accepted, as far as net.core.somaxconn lets it (4,096 on most systems):
# everybody comes back at once.
backlog = 8192
# HTTP connections at once, kept-alive ones and polls with them; websockets aren't counted. A greenlet each, some 20 KB.
worker_connections = 10_000
# Which headers of a proxy are believed is TRUST_PROXY's to say: gunicorn would believe any program of this machine.
forwarded_allow_ips = ""
# manage.py has read .env, and looked at this. Below info gunicorn tells paths, which may be an invite's.
loglevel = (os.environ.get("LOG_LEVEL", "").strip().lower() or "warning").replace("debug", "info")
control_socket_disable = True
proc_name = "chatsite"


class SiteLogger(Logger):
    """gunicorn's lines look like the site's."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        formatter = FORMATTERS[os.environ.get("LOG_FORMAT", "").strip().lower() or "text"]()
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter)


logger_class = SiteLogger


def on_starting(server: Any) -> None:
    """Where workers hand requests over to each other: for nobody else."""
    if server.cfg.workers > 1:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="chatsite-")
        # There is no hook for it, and by their signals workers can't tell a stop from a rolling restart.
        server.stop = partial(stop, server.stop)


def stop(stop_workers: Callable[[bool], None], graceful: bool = True) -> None:
    rolling_restart.end(Path(os.environ[FOLDER]))
    stop_workers(graceful)


def on_reload(server: Any) -> None:
    if FOLDER in os.environ:
        rolling_restart.replace(Path(os.environ[FOLDER]), server.worker_age)


def child_exit(server: Any, worker: Any) -> None:
    if FOLDER in os.environ:
        rolling_restart.forget(Path(os.environ[FOLDER]), worker.age)


def on_exit(server: Any) -> None:
    shutil.rmtree(os.environ.pop(FOLDER, ""), ignore_errors=True)


def when_ready(server: Any) -> None:
    greeting = os.environ.pop("CHATSITE_GREETING", "")
    if greeting:
        sys.stdout.write(greeting + "\n")
        sys.stdout.flush()
