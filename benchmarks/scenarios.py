"""The measures. Each takes a running server and gives numbers by name; `Plan` says how long and how many."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.groups import FIVE, HALL, IDLE, TABLES
from benchmarks.loader import Run, Usage, faults, load
from benchmarks.servers import NODE, NODE_STORED, OURS, OURS_SQLITE, TITLES, Server

Numbers = dict[str, Any]
ALL = tuple(TITLES)


@dataclass(frozen=True)
class Plan:
    seconds: float = 5
    warmup: float = 1.5
    idle_sockets: int = 10_000
    idle_seconds: float = 20
    handshakes: int = 2_000
    history: int = 1_000_000
    requests: int = 200


QUICK = Plan(
    seconds=2, warmup=1, idle_sockets=1_000, idle_seconds=8, handshakes=500, history=100_000, requests=50
)


def talk_numbers(run: Run) -> Numbers:
    result, seconds = run.result, run.result["seconds"]
    deliveries = result["deliveries"]
    return {
        "deliveries_per_second": deliveries / seconds,
        "stored_per_second": result["stored"] / seconds,
        "cpu_us_per_delivery": run.cpu / max(deliveries, 1) * 1e6,
        "cpu_us_per_message": run.cpu / max(result["stored"], 1) * 1e6,
        "server_cpu": run.cpu / seconds,
        "database_cpu": run.database_cpu / seconds,
        "load_cpu": result["own_cpu"],
        "p50_ms": result["delivery_ms"]["p50"],
        "p99_ms": result["delivery_ms"]["p99"],
        "ack_p50_ms": result["ack_ms"]["p50"],
        "ack_p99_ms": result["ack_ms"]["p99"],
        "faults": faults(run),
    }


def talk(server: Server, plan: Plan, **options: Any) -> Numbers:
    return talk_numbers(load(server, {"seconds": plan.seconds, "warmup": plan.warmup, **options}))


def eight(server: Server, plan: Plan) -> Numbers:
    return talk(server, plan, **HALL.options, senders=8, in_flight=8)


def one(server: Server, plan: Plan) -> Numbers:
    return talk(server, plan, **HALL.options, senders=8, in_flight=1)


def steady(server: Server, plan: Plan) -> Numbers:
    return talk(server, plan, **HALL.options, senders=50, rate=50)


def five(server: Server, plan: Plan) -> Numbers:
    return talk(server, plan, **FIVE.options, senders=5, in_flight=64)


def tables(server: Server, plan: Plan) -> Numbers:
    return talk(server, plan, **TABLES.options, senders=200, in_flight=64)


def handshake(server: Server, plan: Plan) -> Numbers:
    """From connect() to the join's ack, a hundred at a time."""
    options = {**IDLE.options, "sockets": plan.handshakes, "concurrency": 100}
    run = load(server, {**options, "warmup": 0, "seconds": 0})
    start, ready = run.usage["start"], run.usage["ready"]
    return {
        "per_second": run.ready["per_second"],
        "cpu_us_each": (ready.server - start.server) / run.ready["sockets"] * 1e6,
        "database_us_each": (ready.database - start.database) / run.ready["sockets"] * 1e6,
        "faults": faults(run),
    }


def idle(server: Server, plan: Plan) -> Numbers:
    """Memory and CPU of joined sockets that say nothing. Some come and go first, so that the code is loaded."""
    load(server, {**IDLE.options, "sockets": 100, "warmup": 0, "seconds": 0})
    time.sleep(4)
    before = Usage.of(server).memory
    options = {**IDLE.options, "sockets": plan.idle_sockets, "addresses": 4, "concurrency": 200}
    run = load(server, {**options, "warmup": 8, "seconds": plan.idle_seconds})
    return {
        "bytes_each": (run.usage["end"].memory - before) / run.ready["sockets"],
        "server_cpu": run.cpu / run.result["seconds"],
        "database_cpu": run.database_cpu / run.result["seconds"],
        "sockets": run.ready["sockets"],
        "per_second": run.ready["per_second"],
        "faults": faults(run),
    }


def stalled(server: Server, plan: Plan) -> Numbers:
    """The room at full load, then again with one of its 500 who stops reading."""
    options = {**HALL.options, "senders": 8, "in_flight": 8, "warmup": plan.warmup}
    alone = load(server, {**options, "seconds": plan.seconds})
    beside = load(server, {**options, "seconds": plan.seconds, "stalled": 1})
    return {
        "p99_ms_alone": alone.result["delivery_ms"]["p99"],
        "p99_ms_beside": beside.result["delivery_ms"]["p99"],
        "p99_ratio": beside.result["delivery_ms"]["p99"] / alone.result["delivery_ms"]["p99"],
        "grown_bytes": beside.usage["end"].memory - beside.usage["begin"].memory,
        "cut": beside.result["cut"],
        "faults": faults(alone) | faults(beside),
    }


@dataclass(frozen=True)
class Scenario:
    title: str
    measure: Callable[[Server, Plan], Numbers]
    servers: tuple[str, ...] = ALL
    # On a server that has just started.
    fresh: bool = False


SCENARIOS = {
    "eight": Scenario("500 sockets in a room, 8 in flight", eight),
    "one": Scenario("500 sockets in a room, 1 in flight", one),
    "steady": Scenario("50 messages/s into a room of 500", steady),
    "five": Scenario("5 sockets, 64 in flight", five),
    "tables": Scenario("200 rooms of 10, 64 in flight", tables),
    "handshake": Scenario("handshake, identity and membership, join", handshake),
    "stalled": Scenario("a reader that stops reading", stalled, (OURS, OURS_SQLITE, NODE_STORED)),
    "idle": Scenario("idle joined sockets", idle, (OURS, NODE), fresh=True),
}
