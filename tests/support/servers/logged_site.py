"""A server that writes its log as a site does."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chatsite.operations.startup import gunicorn_arguments
from tests.support import ROOT
from tests.support.servers.database_templates import migrate
from tests.support.servers.harness import Server, free_port, site_environ, wait_ready

# Settings of the machine that runs the tests must not reach the server.
CLEAN = {"LOG_FORMAT": "", "LOG_LEVEL": "", "ACCESS_LOG": "", "METRICS_TOKEN": "", "TRUST_PROXY": ""}


@contextmanager
def serve(folder: Path, application: str = "chatsite.wsgi:application", **settings: str) -> Iterator[Server]:
    """Start a server as `./run` does, with its configuration of gunicorn."""
    port = free_port()
    environ = site_environ(folder, port, **{**CLEAN, **settings}) | {"CHATSITE_BIND": f"127.0.0.1:{port}"}
    migrate(folder, environ)
    log = folder / "server.log"
    run = [*gunicorn_arguments()[:-1], application]
    with log.open("wb") as output:
        process = subprocess.Popen(run, cwd=ROOT, env=environ, stdout=output, stderr=output)
    server = Server(process, "127.0.0.1", port, environ, log)
    try:
        wait_ready(server)
        yield server
    finally:
        server.stop()


def lines(server: Server) -> list[str]:
    """Return the whole lines of the log, without one that is being written."""
    return server.log.read_text(errors="replace").rpartition("\n")[0].splitlines()


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something that the server does a moment after it has answered."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it didn't happen in time"
        time.sleep(0.05)
