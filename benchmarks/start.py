"""Measure `./run` on SQLite until the site answers: the first start, which makes the database, and the second."""

import os
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks import processes
from benchmarks.servers import ROOT, START_TIMEOUT_SECONDS, wait_ready

PAUSE_SECONDS = 0.005
# With an account a start has no link to show.
ACCOUNT = (
    "from accounts.models import User; User.objects.create_superuser('ada', password='a long sentence 42')"
)


def measure() -> dict[str, float]:
    """Return seconds and seconds of CPU until /healthz answers, and the seconds until the first page is there."""
    with tempfile.TemporaryDirectory(prefix="bench-start-") as folder:
        environ = site(Path(folder))
        first = started(Path(folder), environ)
        command = ["./run", "manage", "shell", "-v0", "-c", ACCOUNT]
        subprocess.run(command, cwd=ROOT, env=environ, check=True, stdout=subprocess.DEVNULL)
        second = started(Path(folder), environ)
    return {f"{which}_{name}": found for which, numbers in (("first", first), ("second", second))
            for name, found in numbers.items()}  # fmt: skip


def site(folder: Path) -> dict[str, str]:
    """Build the environment of a site with its own data, without this checkout's settings."""
    return {
        **{name: value for name, value in os.environ.items() if name not in ("DEBUG", "SITE_URL")},
        "DJANGO_SETTINGS_MODULE": "chatsite.settings",
        "SECRET_KEY": "only-for-benchmarks-0123456789-abcdefghijklmnopqrstuvwxyz",
        "DATA_DIR": str(folder / "data"),
        "STATIC_DIR": str(folder / "static"),
        "HOST": "127.0.0.1",
        "PORT": str(processes.free_port()),
        **dict.fromkeys(("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "FILES_URL", "WORKERS"), ""),
    }


def started(folder: Path, environ: dict[str, str]) -> dict[str, float]:
    log = folder / "start.log"
    address = f"http://127.0.0.1:{environ['PORT']}"
    began = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(["./run"], cwd=ROOT, env=environ, stdout=output, stderr=output)
    try:
        wait_for_answer(process, f"{address}/healthz")
        seconds, cpu = time.monotonic() - began, processes.cpu_seconds(process.pid)
        wait_ready(process, int(environ["PORT"]), log)
        urlopen(f"{address}/login", timeout=START_TIMEOUT_SECONDS).close()
        return {"seconds": seconds, "cpu": cpu, "page_seconds": time.monotonic() - began}
    finally:
        processes.stop(process)


def wait_for_answer(process: "subprocess.Popen[bytes]", url: str) -> None:
    """Ask more often than `wait_ready`, which would add up to a tenth of a second."""
    end = time.monotonic() + START_TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            urlopen(url, timeout=START_TIMEOUT_SECONDS).close()
            return
        except (URLError, OSError):
            time.sleep(PAUSE_SECONDS)
