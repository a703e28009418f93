"""A server that writes its log as a site does."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatsite.serving import gunicorn_arguments
from tests.realtime.harness import ROOT, Server, free_port, site_environ, wait_ready
from tests.realtime.migrated import migrate

# What the machine of the one who runs the tests has set must not reach it.
CLEAN = {"LOG_FORMAT": "", "LOG_LEVEL": "", "ACCESS_LOG": "", "METRICS_TOKEN": "", "TRUST_PROXY": ""}


@contextmanager
def serve(folder: Path, application: str = "chatsite.wsgi:application", **settings: str) -> Iterator[Server]:
    """As `./run` does, with its configuration of gunicorn."""
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
    return server.log.read_text(errors="replace").splitlines()
