"""A real server in its own process, for every suite that needs one: `with serve(tmp_path) as server: server.url`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from benchmarks.processes import free_port
from tests.support import ROOT
from tests.support.run import marks
from tests.support.run.waiting import wait_for
from tests.support.servers.database_templates import migrate
from tests.support.servers.forked_manage import Warm

SITE = "chatsite.wsgi:application"
# Seconds; a loaded machine takes its time. ANSWER is what a client waits for an answer, and a test for an event.
READY, STOP, ANSWER = 120, 30, 30


@dataclass
class Server:
    """`url` has no slash at its end. `log` is a file of everything it wrote."""

    process: subprocess.Popen[bytes]
    host: str
    port: int
    environ: dict[str, str]
    log: Path
    _warm: Warm | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def workers(self) -> list[int]:
        """The pids of the gunicorn workers."""
        return children(self.process.pid)

    @property
    def worker(self) -> int:
        """The pid of the gunicorn worker, which holds the sockets."""
        return self.workers[0]

    def manage(self, *arguments: str) -> str:
        """Run a management command on the server's database, in a fork of the process that scripts run in."""
        done = self.warm.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def script(self, text: str, *arguments: str) -> Any:
        """Run a script beside the server, with its settings; return the JSON of its last line. The first script takes the
        second in which the site is loaded; later ones are forks of that process."""
        return self.warm.script(text, *arguments)

    @property
    def warm(self) -> Warm:
        self._warm = self._warm or Warm(self.environ)
        return self._warm

    def stop(self, number: int = signal.SIGTERM) -> float:
        """End the server; return the seconds that it took."""
        if self._warm:
            self._warm.close()
            self._warm = None
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(STOP)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return time.monotonic() - began


def children(pid: int) -> list[int]:
    """The processes that this one's first thread has started and that aren't gone."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def standing_still(pids: Iterable[int]) -> Iterator[None]:
    """Stop these processes as SIGSTOP does, and let them go on in the end."""
    with ExitStack() as stack:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            stack.callback(os.kill, pid, signal.SIGCONT)
        wait_for(lambda: all(is_stopped(pid) for pid in pids))
        yield


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def open_files(pid: int) -> list[str]:
    """Return what the open file descriptors of a process link to; those that it closes meanwhile are left out."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(os.readlink(link))
    return found


def apart(script: str) -> str:
    """Run a script in a process of its own, as eventlet must never patch the tests'; return what it printed."""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


def site_environ(folder: Path, port: int, **settings: str) -> dict[str, str]:
    """The environment of a site with its own data; nothing of the developer's `.env` reaches it but SECRET_KEY."""
    folder.mkdir(parents=True, exist_ok=True)
    site = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "chatsite.settings",
        "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'chat.sqlite3'}",
        "REDIS_URL": "",
        "FILES_URL": "",
        "FILES_ACCEL": "",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DEBUG": "0",
        **settings,
    }
    if not (site["REDIS_URL"] or site.get("EMAIL_URL")):
        # As `./run` does (`chatsite.operations.startup`): a third of a second less for each server.
        site.setdefault("EVENTLET_NO_GREENDNS", "yes")
    return site


@contextmanager
def serve(folder: Path, application: str = SITE, workers: int = 1, **settings: str) -> Iterator[Server]:
    """Migrate the folder's database, start gunicorn as `./run` does, wait until it answers, and stop it in the end."""
    marks.check_marked()
    port = free_port()
    environ = site_environ(folder, port, **settings)
    migrate(folder, environ)
    with running(folder, port, environ, command(port, application, workers)) as server:
        yield server


@contextmanager
def running(folder: Path, port: int, environ: dict[str, str], run: list[str]) -> Iterator[Server]:
    """Start a server by the command `run`, wait until it answers, and stop it in the end."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(run, cwd=ROOT, env=environ, stdout=output, stderr=output)
    server = Server(process, "127.0.0.1", port, environ, log)
    try:
        wait_ready(server)
        yield server
    finally:
        server.stop()


def command(port: int, application: str, workers: int) -> list[str]:
    worker = "chatsite.realtime.worker.eventlet_worker.EventletWorker"
    bind = f"127.0.0.1:{port}"
    return [
        *(sys.executable, "-m", "gunicorn", "-k", worker, "--no-control-socket", "--keep-alive", "75"),
        *(("-c", "python:chatsite.gunicorn") if workers > 1 else ()),
        *("--log-level", "warning", "-w", str(workers), "-b", bind, application),
    ]


def wait_ready(server: Server) -> None:
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            with urlopen(f"{server.url}/socket.io/?EIO=4&transport=none", timeout=ANSWER):
                return
        except HTTPError:
            return
        except (URLError, OSError):
            time.sleep(0.05)
    server.process.kill()
    raise AssertionError(f"the server did not start:\n{server.log.read_text()[-4000:]}")
