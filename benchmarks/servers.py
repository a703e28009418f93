"""Start the servers that are compared, one at a time, each as a process on a free port."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from benchmarks import processes, programs
from benchmarks.cluster import Cluster

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
START_TIMEOUT_SECONDS = 90

NODE, NODE_STORED, PLAIN, NAIVE = "node", "node-postgresql", "python-socketio", "naive"
OURS, OURS_SQLITE = "ours-postgresql", "ours-sqlite"
TITLES = {
    OURS: "ours, PostgreSQL",
    OURS_SQLITE: "ours, SQLite",
    NODE_STORED: "Node + PostgreSQL",
    NODE: "Node, no storage",
    PLAIN: "python-socketio, no storage",
    NAIVE: "a C loop, no storage",
}
STORING = (OURS, OURS_SQLITE, NODE_STORED)


@dataclass
class Server:
    name: str
    port: int
    pid: int
    database: Cluster
    folder: Path

    @property
    def uses_postgresql(self) -> bool:
        return self.name in (OURS, NODE_STORED)


@dataclass
class Workspace:
    """Folder and PostgreSQL of a run: filled databases, tokens, logs."""

    folder: Path
    cluster: Cluster
    # Settings besides the defaults.
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens"

    def site(self, name: str, port: int = 8000) -> dict[str, str]:
        """Build our server's environment: a site's defaults, without this checkout's own settings."""
        sqlite = f"sqlite:///{self.folder / 'chat.sqlite3'}"
        return {
            **{key: value for key, value in os.environ.items() if key not in ("DEBUG", "SITE_URL")},
            "DJANGO_SETTINGS_MODULE": "chatsite.settings",
            "SECRET_KEY": "only-for-benchmarks-0123456789-abcdefghijklmnopqrstuvwxyz",
            "DATA_DIR": str(self.folder),
            "STATIC_DIR": str(self.folder / "static"),
            "DATABASE_URL": self.cluster.url if name == OURS else sqlite,
            "REDIS_URL": "",
            "EMAIL_URL": "",
            # No limits, as one socket sends as much as hundreds of people would.
            "EVENTS_PER_SECOND": "0",
            "SOCKETS_PER_USER": "0",
            "LOOP_SHARE_PERCENT": "0",
            "THROTTLE_PAGES": "0/min",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            **self.settings,
        }

    def django(self, name: str, module: str, *arguments: str) -> str:
        """Run a module under Django's settings on that server's database; return what it prints."""
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.site(name), capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{module} failed:\n{done.stderr[-4000:]}")
        return done.stdout


def command_of(workspace: Workspace, name: str, port: int) -> tuple[list[str], dict[str, str]]:
    if name in (OURS, OURS_SQLITE):
        return [sys.executable, "manage.py", "serve"], workspace.site(name, port)
    environ = {**os.environ, "PORT": str(port), "NODE_ENV": "production", "DATABASE_URL": ""}
    if name == PLAIN:
        return [sys.executable, "-W", "ignore", str(PEERS / "plain.py")], environ
    if name == NAIVE:
        return [str(programs.BUILD / "naive")], environ
    if name == NODE_STORED:
        environ["DATABASE_URL"] = workspace.cluster.url
    return ["node", str(PEERS / "server.js")], environ


@contextmanager
def running(workspace: Workspace, name: str) -> Iterator[Server]:
    settle_disk(workspace, name)
    port = processes.free_port()
    command, environ = command_of(workspace, name, port)
    log = workspace.folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output)
    try:
        wait_ready(process, port, log)
        yield Server(name, port, process.pid, workspace.cluster, workspace.folder)
    finally:
        processes.stop(process)


def settle_disk(workspace: Workspace, name: str) -> None:
    """Write out what came before, as commits would wait for it: a checkpoint is spread over minutes, and a fill or another
    server's measure has begun one. The next one by time is five minutes away."""
    if name in (OURS, NODE_STORED):
        workspace.cluster.checkpoint()
    os.sync()


def wait_ready(
    process: subprocess.Popen[bytes], port: int, log: Path, seconds: float = START_TIMEOUT_SECONDS
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
            return
        except HTTPError:
            return
        except (URLError, OSError):
            time.sleep(0.1)
    sys.exit(f"A server did not start:\n{log.read_text()[-4000:]}")
