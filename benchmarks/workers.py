"""Compare two processes of a site with one: CPU per delivery, and latency from one process to the other."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from benchmarks import processes
from benchmarks.groups import HALL
from benchmarks.loader import Talk, faults, load
from benchmarks.scenarios import Numbers, Plan, talk_numbers
from benchmarks.servers import OURS, Workspace, running

# Few sockets, so that the load doesn't add to the latency; the one sender is in the first process.
LATENCY_OPTIONS = {"sockets": 40, "senders": 1}
TALKS = {"": "w64", "eight_": "w8"}


@contextmanager
def redis() -> Iterator[str]:
    """Start a Redis without persistence within the block; yield its address."""
    port = processes.free_port()
    command = [
        "redis-server",
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--loglevel",
        "warning",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_ready(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        processes.stop(process)


def wait_ready(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("Redis did not start.")


def measure(workspace: Workspace, plan: Plan) -> Numbers:
    """Measure one worker and two, both with Redis: one worker publishes as well, as a process of a larger site does."""
    with redis() as url:
        workspace = replace(workspace, settings={"REDIS_URL": url})
        one, two = (talks(workspace, plan, workers) for workers in (1, 2))
        numbers = latency(workspace, plan)
    for (name, _), alone, together in zip(TALKS.items(), one, two, strict=True):
        numbers[f"{name}per_cpu_second_of_one"] = per_cpu_second(alone)
        numbers[f"{name}per_cpu_second_of_two"] = per_cpu_second(together)
        numbers[f"{name}ratio"] = per_cpu_second(together) / per_cpu_second(alone)
        numbers["faults"] |= faults(alone) | faults(together)
    return numbers


def talks(workspace: Workspace, plan: Plan, workers: int) -> list[Talk]:
    """Run the talks with 500 sockets in one room, of which 50 write; the workers share them by accepting."""
    options = {**HALL.options, "seconds": plan.seconds, "warmup": plan.warmup}
    with running(replace(workspace, settings=workspace.settings | {"WORKERS": str(workers)}), OURS) as server:
        return load(server, options, *TALKS.values()).talks


def per_cpu_second(talk: Talk) -> float:
    return float(talk.result["deliveries"] / talk.cpu)


def latency(workspace: Workspace, plan: Plan) -> Numbers:
    """Measure the latency within a process and to another one, to which every second socket is connected."""
    with ExitStack() as stack:
        one, other = (stack.enter_context(running(workspace, OURS)) for _ in range(2))
        options = {**HALL.options, **LATENCY_OPTIONS, "seconds": plan.seconds, "warmup": plan.warmup}
        [talk] = load(one, {**options, "other-port": other.port}, "r50").talks
    far = talk.result["far_ms"]
    numbers = talk_numbers(talk)
    return {
        "near_p50_ms": numbers["p50_ms"],
        "near_p99_ms": numbers["p99_ms"],
        "far_p50_ms": far["p50"],
        "far_p99_ms": far["p99"],
        "far_ratio": far["p50"] / numbers["p50_ms"],
        "faults": numbers["faults"],
    }
