"""A copy of the project, as one who has just cloned it has it, started by its own `./run`."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import requests

from tests.support import ROOT
from tests.support.run import marks
from tests.support.servers.harness import free_port

LEFT_OUT = (".venv", ".env", ".git", "data", "node_modules", ".*_cache", ".hypothesis")
# Settings of the machine that runs the tests must not reach the copy.
OURS = {"SECRET_KEY", "DJANGO_SETTINGS_MODULE", "SITE_URL", "HOST", "PORT", "DATA_DIR", "DATABASE_URL", "REDIS_URL",
        "STATIC_DIR", "EMAIL_URL", "FILES_URL", "FILES_ACCEL", "TRUST_PROXY", "DEBUG"}  # fmt: skip

PASSWORD = "an unlikely sentence 42"


def form(session: requests.Session, url: str, **values: str) -> requests.Response:
    page = session.get(url)
    assert page.status_code == 200, page.text
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    return session.post(url, {"csrfmiddlewaretoken": token, **values}, headers={"Referer": url})


class Server:
    def __init__(self, process: subprocess.Popen[str], url: str, log: Path) -> None:
        self.process, self.url, self.log = process, url, log

    def printed(self) -> str:
        return self.log.read_text()

    def link(self) -> str:
        found = re.search(r"https?://\S+/setup/\S+", self.printed())
        assert found, self.printed()
        return found[0]

    def set_up(self, session: requests.Session) -> requests.Response:
        """Make the first administrator, ada, and log the session in."""
        return form(
            session, self.link(), site_name="Shed", username="ada", password=PASSWORD, display_name="Ada"
        )

    def stop(self, how: int = signal.SIGTERM) -> float:
        """Stop the copy; return the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(timeout=60)
        return time.monotonic() - began


class Checkout:
    def __init__(self, folder: Path) -> None:
        marks.check_marked()
        self.folder = folder
        self.servers: list[Server] = []
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True)
        (folder / ".venv").symlink_to(sys.prefix)

    def environ(self, **more: str) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name not in OURS} | more

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["./run", *arguments],
            cwd=self.folder,
            env=self.environ(**environ),
            capture_output=True,
            text=True,
            timeout=200,
            stdin=subprocess.DEVNULL,
        )

    def start(self, *arguments: str, wait: float = 200, **environ: str) -> Server:
        port = environ.setdefault("PORT", str(free_port()))
        log = self.folder / f"printed-{len(self.servers)}.txt"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["./run", *arguments],
                cwd=self.folder,
                env=self.environ(**environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        server = Server(process, f"http://127.0.0.1:{port}", log)
        self.servers.append(server)
        self.wait_for(server, wait)
        return server

    def wait_for(self, server: Server, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and server.process.poll() is None:
            try:
                requests.get(server.url + "/healthz", timeout=30)
                return
            except requests.RequestException:
                time.sleep(0.02)
        raise AssertionError(f"It doesn't serve: {server.printed()}")

    def close(self) -> None:
        for server in self.servers:
            if server.process.poll() is None:
                server.process.kill()
                server.process.wait()
