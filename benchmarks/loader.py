"""Run the load generator against a server, and read the server's CPU and memory when it prints marks."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks import processes, programs
from benchmarks.servers import Server

EXIT_TIMEOUT_SECONDS = 300


class LoadError(Exception):
    """The measure failed: no socket was opened, or a talk has no result."""


@dataclass
class Usage:
    """CPU seconds of the server and of PostgreSQL, and the server's memory in bytes."""

    server: float
    database: float
    memory: int

    @classmethod
    def of(cls, server: Server) -> "Usage":
        database = processes.cpu_seconds(server.database.pid)
        return cls(processes.cpu_seconds(server.pid), database, processes.memory_bytes(server.pid))


@dataclass
class Talk:
    """One phase of sending. `result` is the JSON that the load generator prints (benchmarks/load/main.c)."""

    begin: Usage
    end: Usage
    result: dict[str, Any]

    @property
    def cpu(self) -> float:
        return self.end.server - self.begin.server

    @property
    def database_cpu(self) -> float:
        return self.end.database - self.begin.database


@dataclass
class Load:
    """Result of a run of the load generator: its handshakes, and the talks after them."""

    start: Usage
    ready: Usage
    opened: dict[str, Any]
    talks: list[Talk]

    @property
    def failed(self) -> dict[str, Any]:
        return {"failed": self.opened["failed"]} if self.opened["failed"] else {}


def load(
    server: Server,
    options: dict[str, Any],
    *talks: str,
    at_begin: Callable[[], None] | None = None,
    at_end: Callable[[], None] | None = None,
) -> Load:
    """Run the load generator. `options` and `talks` are those of benchmarks/load/main.c; `at_begin` is called when the first
    talk begins, and `at_end` when it ends. Raises LoadError."""
    words = [f"--{name}={value}" for name, value in options.items()]
    common = [f"--port={server.port}", f"--tokens={server.folder / 'tokens'}"]
    pairs = [part for word in common + words for part in word.split("=", 1)]
    process = subprocess.Popen(
        [str(programs.BUILD / "load"), *pairs, *talks], stdout=subprocess.PIPE, text=True
    )
    marks: dict[str, Usage] = {}
    opened: dict[str, Any] = {}
    said: list[Talk] = []
    try:
        for line in process.stdout or ():
            word, _, rest = line.strip().partition(" ")
            if word == "result":
                said.append(Talk(marks["begin"], marks["end"], json.loads(rest)))
                continue
            marks[word] = Usage.of(server)
            if word == "ready":
                opened = json.loads(rest)
            act = {"begin": at_begin, "end": at_end}.get(word)
            if act and not said:
                act()
        process.wait(EXIT_TIMEOUT_SECONDS)
    finally:
        processes.stop(process)
    if len(said) < len(talks) or not opened.get("sockets"):
        raise LoadError(f"could not be measured with {' '.join(words + list(talks))}")
    return Load(marks["start"], marks["ready"], opened, said)


def faults(talk: Talk) -> dict[str, Any]:
    """Return the talk's errors by kind; {} if every message reached every receiver once and in order."""
    names = ("wrong", "missing", "lost", "errors", "first_error")
    return {name: talk.result[name] for name in names if talk.result[name]}
