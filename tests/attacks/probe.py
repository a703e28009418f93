"""Members who send a message every few moments, each in a process of their own, and what each ack took.

`python -m tests.attacks.probe HOST PORT ROOM TOKEN WORKER ...` writes a line of JSON for each ack, the fields of `Ack`,
until its input is closed. `code` is empty where the message was stored; a connection that was lost is `closed`, and is
made anew.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from types import SimpleNamespace
from typing import NamedTuple, Self
from uuid import uuid4

from tests.attacks.processor import Processor, serving
from tests.attacks.site import Site
from tests.realtime.clients import RawSocket
from tests.realtime.harness import ROOT

# Members, and seconds between an ack and the next message of each.
PROBES, EVERY_SECONDS = 2, 0.02


class Ack(NamedTuple):
    """`took` seconds from the moment `at`. In them the worker's thread computed for `ran`, and `waited` for a processor
    that others had; the probe did so for `probe_waited`."""

    at: float
    took: float
    code: str
    ran: float
    waited: float
    probe_waited: float

    @property
    def unhindered(self) -> float:
        """Seconds without those in which either of both only waited for a processor."""
        return max(0.0, self.took - self.waited - self.probe_waited)

    @property
    def why(self) -> str:
        parts = (self.took, self.ran, self.waited, self.probe_waited)
        return "{:.0f} ms: worker computed {:.0f}, waited for a CPU {:.0f}, probe {:.0f}".format(
            *(1000 * part for part in parts)
        )


class Probes:
    """`with Probes(site) as probes: ...`, then `probes.acks`: what was sent meanwhile, from the first of all on."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.acks: list[Ack] = []

    def __enter__(self) -> Self:
        server = self.site.server
        run = [sys.executable, "-m", "tests.attacks.probe", server.host, str(server.port), self.site.room]
        workers = [str(worker) for worker in self.site.workers]
        self._processes = [
            subprocess.Popen(
                [*run, self.site.token(f"probe{number}"), *workers],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(PROBES)
        ]
        for process in self._processes:
            assert process.stdout
            assert process.stdout.readline() == "probing\n"
        # Their pipes would fill, and they would wait.
        self._readers = [threading.Thread(target=self._read, args=(process,)) for process in self._processes]
        for reader in self._readers:
            reader.start()
        return self

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self.acks.append(Ack(*json.loads(line)))

    def __exit__(self, *error: object) -> None:
        for process in self._processes:
            assert process.stdin
            process.stdin.close()
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()
            process.wait()
        for reader in self._readers:
            reader.join()


def probe(host: str, port: str, room: str, token: str, *workers: str) -> None:
    server = SimpleNamespace(host=host, port=int(port))
    raw = RawSocket(server).connect(token)  # type: ignore[arg-type]
    mine, its = Processor(os.getpid()), Processor(serving(raw.socket, [int(worker) for worker in workers]))
    say("probing")
    while not select.select([sys.stdin], [], [], EVERY_SECONDS)[0]:
        mine.read(), its.read()
        began, code = time.monotonic(), ""
        try:
            answer = raw.call("chat-message", {"room": room, "body": "hi", "client_id": str(uuid4())})
            code = "" if answer["ok"] else answer["error"]["code"]
        except (EOFError, OSError, AssertionError):
            code = "closed"
        took, (ran, waited), (_, probe_waited) = time.monotonic() - began, its.read(), mine.read()
        say(json.dumps([began, took, code, ran, waited, probe_waited]))
        if code == "closed":
            with suppress(EOFError, OSError, AssertionError):
                raw = RawSocket(server).connect(token)  # type: ignore[arg-type]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    probe(*sys.argv[1:])
