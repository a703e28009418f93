"""Runs the load generator against a server, and reads the server's CPU and memory at its marks."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks import processes, programs
from benchmarks.servers import Server

PATIENCE = 300


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
class Run:
    """What one load did. `ready` and `result` are the load generator's own words."""

    usage: dict[str, Usage]
    ready: dict[str, Any]
    result: dict[str, Any]

    @property
    def cpu(self) -> float:
        return self.usage["end"].server - self.usage["begin"].server

    @property
    def database_cpu(self) -> float:
        return self.usage["end"].database - self.usage["begin"].database


def load(server: Server, options: dict[str, Any], at_begin: Callable[[], None] | None = None) -> Run:
    """`options` are those of benchmarks/load/main.c. `at_begin` runs beside the load, in its measured seconds."""
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    common = ["--port", str(server.port), "--tokens", str(server.folder / "tokens")]
    command = [str(programs.BUILD / "load"), *common, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    run = Run({}, {}, {})
    try:
        assert process.stdout is not None
        for line in process.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == "result":
                run.result = json.loads(rest)
                continue
            run.usage[word] = Usage.of(server)
            if word == "ready":
                run.ready = json.loads(rest)
            if word == "begin" and at_begin:
                at_begin()
        process.wait(PATIENCE)
    finally:
        processes.stop(process)
    if not run.result:
        raise RuntimeError(f"{server.name}: nobody could connect for {options}")
    return run


def faults(run: Run) -> dict[str, Any]:
    """What must be empty for the numbers to count."""
    names = ("wrong", "missing", "lost", "errors", "first_error")
    found = {name: run.result[name] for name in names if run.result[name]}
    if run.ready["failed"]:
        found["failed"] = run.ready["failed"]
    return found
