"""A Redis of its own in a temporary folder, where it is installed: `with redis() as server: server.url`."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.support.run import marks
from tests.support.servers.harness import free_port

PROGRAM = shutil.which("redis-server")
# Seconds for it to start, and for an answer of one that isn't halted.
READY, PATIENCE = 30.0, 10.0


class Server:
    """A Redis that keeps nothing. After `kill`, `start` makes a new one at the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options, self.port = folder, options, free_port()
        self.client = Redis(port=self.port, socket_timeout=PATIENCE, retry=Retry(NoBackoff(), 0))

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        assert PROGRAM
        command = [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *self.options]
        log = (self.folder / "redis.log").open("ab")
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + READY
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.client.ping()
                return
            except RedisError:
                time.sleep(0.02)
        raise AssertionError("Redis did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def halt(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.go_on()
            self.kill()


@contextmanager
def redis(*options: str) -> Iterator[Server]:
    marks.check_marked()
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    server = Server(folder, *options)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
