"""gunicorn's configuration. `./run` sets CHATSITE_BIND and CHATSITE_WORKERS; everything else is fixed."""

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
# Seconds without a heartbeat before the arbiter kills a worker; long-lived sockets don't stop the heartbeat.
timeout = 60
graceful_timeout = 2
keepalive = 75
# Connections that the kernel queues for accept(), up to net.core.somaxconn (4,096 on most systems): after an outage
# all clients reconnect at once.
backlog = 8192
# Concurrent HTTP connections, including kept-alive ones and polls but not websockets. A greenlet each, some 20 KB.
worker_connections = 10_000
# TRUST_PROXY alone decides which proxy headers are believed; gunicorn would believe any program of this machine.
forwarded_allow_ips = ""
# manage.py has read .env and checked LOG_LEVEL. At debug gunicorn logs request paths, which may hold an invite's code.
loglevel = (os.environ.get("LOG_LEVEL", "").strip().lower() or "warning").replace("debug", "info")
control_socket_disable = True
proc_name = "chatsite"


class SiteLogger(Logger):
    """gunicorn's logger with the site's formatter."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        formatter = FORMATTERS[os.environ.get("LOG_FORMAT", "").strip().lower() or "text"]()
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter)


logger_class = SiteLogger


def on_starting(server: Any) -> None:
    """Make the private folder of the unix sockets by which workers hand requests to each other."""
    if server.cfg.workers > 1:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="chatsite-")
        # gunicorn has no hook for stopping, and a worker gets the same signal for a stop and for a rolling restart.
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
