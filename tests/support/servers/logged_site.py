"""A server that writes its log as a site does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatsite.operations.startup import gunicorn_arguments
from tests.support.servers.database_templates import migrate
from tests.support.servers.harness import Server, free_port, running, site_environ

# Settings of the machine that runs the tests must not reach the server.
CLEAN = {"LOG_FORMAT": "", "LOG_LEVEL": "", "ACCESS_LOG": "", "METRICS_TOKEN": "", "TRUST_PROXY": ""}


@contextmanager
def serve(folder: Path, application: str = "chatsite.wsgi:application", **settings: str) -> Iterator[Server]:
    """Start a server as `./run` does, with its configuration of gunicorn."""
    port = free_port()
    environ = site_environ(folder, port, **{**CLEAN, **settings}) | {"CHATSITE_BIND": f"127.0.0.1:{port}"}
    migrate(folder, environ)
    with running(folder, port, environ, [*gunicorn_arguments()[:-1], application]) as server:
        yield server


def lines(server: Server) -> list[str]:
    """Return the whole lines of the log, without one that is being written."""
    return server.log.read_text(errors="replace").rpartition("\n")[0].splitlines()
