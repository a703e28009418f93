"""Members who send a message every few moments, each in a process of their own, and what each ack took.

`python -m tests.attacks.probe HOST PORT ROOM TOKEN MAIN_PID` connects, says `probing`, and sends from each line of its
input to the next one: it writes a line of JSON for each ack, the fields of `Ack`, and then `halted`. `code` is empty where
the message was stored; a connection that was lost is `closed`, and is made anew.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple, Self
from uuid import uuid4

from tests.attacks.processor import Processor, serving
from tests.support import ROOT
from tests.support.clients.raw_clients import RawSocket
from tests.support.servers.harness import children

if TYPE_CHECKING:
    from tests.attacks.site import Site

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
    """The probes of a site, one process for each member. They are quiet but within `with probes.sending() as acks:`."""

    def __init__(self, site: "Site") -> None:
        self.site = site

    def __enter__(self) -> Self:
        server = self.site.server
        run = [sys.executable, "-m", "tests.attacks.probe", server.host, str(server.port), self.site.room]
        self._processes = [
            subprocess.Popen(
                [*run, self.site.token(f"probe{number}"), str(server.process.pid)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
            for number in range(PROBES)
        ]
        for process in self._processes:
            assert process.stdout
            assert process.stdout.readline() == "probing\n"
        return self

    @contextmanager
    def sending(self) -> Iterator[list[Ack]]:
        """Have them send meanwhile. The acks, from the first of all on, are whole when this ends."""
        acks: list[Ack] = []
        # Their pipes would fill, and they would wait.
        readers = [threading.Thread(target=read, args=(process, acks)) for process in self._processes]
        self._tell()
        for reader in readers:
            reader.start()
        try:
            yield acks
        finally:
            self._tell()
            for reader in readers:
                reader.join()

    def _tell(self) -> None:
        for process in self._processes:
            assert process.stdin
            process.stdin.write("\n")

    def __exit__(self, *error: object) -> None:
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=60)
            process.kill()
            process.wait()


def read(process: subprocess.Popen[str], acks: list[Ack]) -> None:
    assert process.stdout
    for line in process.stdout:
        if line == "halted\n":
            return
        acks.append(Ack(*json.loads(line)))


class Probe:
    """One member's connection, and what their process and the one that serves it had of the processors."""

    def __init__(self, host: str, port: str, room: str, token: str, main: str) -> None:
        self.server = SimpleNamespace(host=host, port=int(port))
        self.room, self.token, self.main = room, token, int(main)
        self.own = Processor(os.getpid())
        self.connect()

    def connect(self) -> None:
        self.raw = RawSocket(self.server).connect(self.token)  # type: ignore[arg-type]
        self.worker = Processor(serving(self.raw.socket, children(self.main)))

    def connect_again(self) -> None:
        with suppress(EOFError, OSError, AssertionError, StopIteration):
            self.connect()

    def send(self) -> Ack:
        self.own.read(), self.worker.read()
        began, code = time.monotonic(), ""
        try:
            message = {"room": self.room, "body": "hi", "client_id": str(uuid4())}
            answer = self.raw.call("chat-message", message)
            code = "" if answer["ok"] else answer["error"]["code"]
        except (EOFError, OSError, AssertionError):
            code = "closed"
        took, (ran, waited), (_, own) = time.monotonic() - began, self.worker.read(), self.own.read()
        if code == "closed":
            self.connect_again()
        return Ack(began, took, code, ran, waited, own)

    def answer(self) -> None:
        """While nothing is sent: take what has come, and answer a ping."""
        try:
            if self.raw.frame()[1] == b"2":
                self.raw.send("3")
        except (EOFError, OSError):
            time.sleep(EVERY_SECONDS)
            self.connect_again()


def probe(*arguments: str) -> None:
    member = Probe(*arguments)
    say("probing")
    while is_told(member):
        while not select.select([sys.stdin], [], [], EVERY_SECONDS)[0]:
            say(json.dumps(member.send()))
        sys.stdin.readline()
        say("halted")


def is_told(member: Probe) -> bool:
    """Wait for the next line of input; False where that was closed."""
    while True:
        ready, _, _ = select.select([sys.stdin, member.raw.socket], [], [])
        if sys.stdin in ready:
            return bool(sys.stdin.readline())
        member.answer()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    probe(*sys.argv[1:])
