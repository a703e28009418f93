"""Scenarios: run the load generator in one way each, and compute the figures."""

import time
from collections import ChainMap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from benchmarks import reactions
from benchmarks.groups import FIVE, HALL, IDLE, TABLES, Group
from benchmarks.loader import Load, Talk, Usage, faults, load
from benchmarks.servers import NODE, OURS, OURS_SQLITE, STORING, TITLES, Server

Numbers = dict[str, Any]
Step = Callable[..., dict[str, Numbers]]


@dataclass(frozen=True)
class Plan:
    """Lengths in seconds and counts of a run."""

    seconds: float = 5
    warmup: float = 1.5
    idle_sockets: int = 10_000
    idle_seconds: float = 20
    storm: int = 5_000
    history: int = 1_000_000
    requests: int = 200
    page_loads: int = 5
    file_megabytes: int = 1024


QUICK = Plan(
    seconds=2,
    warmup=1,
    idle_sockets=1_000,
    idle_seconds=8,
    storm=1_000,
    history=100_000,
    requests=50,
    page_loads=1,
    file_megabytes=128,
)


# Talks by group, in order; the talks of a group share its sockets. Names are scenarios, values the load generator's.
TALKS = {
    HALL: {"one": "w1", "steady": "r50", "eight": "w8"},
    FIVE: {"five": "w64"},
    TABLES: {"handshake": "", "tables": "w64"},
}
NAMES = [name for known in TALKS.values() for name in known] + ["stalled", "storm", "idle", "reactions"]
# Talks with everybody reading and with one who stopped, in turns: from one talk to the next p99 differs by a third.
STALLED_PAIRS = 5


def talk_numbers(talk: Talk) -> Numbers:
    result, seconds = talk.result, talk.result["seconds"]
    deliveries = result["deliveries"]
    return {
        "deliveries_per_second": deliveries / seconds,
        "stored_per_second": result["stored"] / seconds,
        "cpu_us_per_delivery": talk.cpu / max(deliveries, 1) * 1e6,
        "cpu_us_per_message": talk.cpu / max(result["stored"], 1) * 1e6,
        "server_cpu": talk.cpu / seconds,
        "database_cpu": talk.database_cpu / seconds,
        "load_cpu": result["own_cpu"],
        "p50_ms": result["delivery_ms"]["p50"],
        "p99_ms": result["delivery_ms"]["p99"],
        "ack_p50_ms": result["ack_ms"]["p50"],
        "ack_p99_ms": result["ack_ms"]["p99"],
        "grown_bytes": talk.end.memory - talk.begin.memory,
        "cut": result["cut"],
        "faults": faults(talk),
    }


def talks(server: Server, plan: Plan, group: Group, names: list[str]) -> dict[str, Numbers]:
    """Run those talks of TALKS[group] that `names` has; return figures by scenario."""
    said = [name for name in names if TALKS[group][name]]
    options = {"seconds": plan.seconds, "warmup": plan.warmup}
    done = load(server, {**group.options, **options}, *(TALKS[group][name] for name in said))
    found = {name: talk_numbers(talk) for name, talk in zip(said, done.talks, strict=True)}
    if "handshake" in names:
        found["handshake"] = handshake_numbers(done)
    for numbers in found.values():
        numbers["faults"] |= done.failed
    return found


def stalled(server: Server, plan: Plan) -> dict[str, Numbers]:
    """Let one reader stop in every second talk, another each time; compare that talk with the one before it."""
    options = {"seconds": plan.seconds / 2, "warmup": plan.warmup / 3, "stalled": STALLED_PAIRS}
    # The first talk is for the server's code to be loaded.
    done = load(server, {**HALL.options, **options}, "w8", *["w8", "s8"] * STALLED_PAIRS)
    numbers = [talk_numbers(talk) for talk in done.talks[1:]]
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    found = {name: median(after[name] for _, after in pairs) for name in numbers[0] if name != "faults"}
    found["p99_ms_before"] = median(before["p99_ms"] for before, _ in pairs)
    found["p99_ratio"] = median(after["p99_ms"] / before["p99_ms"] for before, after in pairs)
    found["faults"] = dict(ChainMap(done.failed, *(each["faults"] for each in numbers)))
    return {"stalled": found}


def handshake_numbers(done: Load) -> Numbers:
    """Compute the figures of handshakes, from connect() to the join's ack, a hundred at a time."""
    each = 1e6 / done.opened["sockets"]
    return {
        "per_second": done.opened["per_second"],
        "cpu_us_each": (done.ready.server - done.start.server) * each,
        "database_us_each": (done.ready.database - done.start.database) * each,
        "faults": done.failed,
    }


def idle(server: Server, plan: Plan) -> dict[str, Numbers]:
    """Measure memory and CPU of silent joined sockets. A hundred come and go first, so that all code is loaded."""
    load(server, {**IDLE.options, "sockets": 100})
    time.sleep(4)
    before = Usage.of(server).memory
    options = {**IDLE.options, "sockets": plan.idle_sockets, "addresses": 4}
    done = load(server, {**options, "warmup": 8, "seconds": plan.idle_seconds}, "q")
    quiet = done.talks[0]
    numbers = {
        "bytes_each": (quiet.end.memory - before) / done.opened["sockets"],
        "server_cpu": quiet.cpu / quiet.result["seconds"],
        "database_cpu": quiet.database_cpu / quiet.result["seconds"],
        "sockets": done.opened["sockets"],
        "per_second": done.opened["per_second"],
        "faults": done.failed | faults(quiet),
    }
    return {"idle": numbers}


def storm(server: Server, plan: Plan) -> dict[str, Numbers]:
    """Connect everybody at the same moment from one address, as after an outage; measure until the last has joined."""
    options = {**IDLE.options, "sockets": plan.storm, "concurrency": plan.storm}
    done = load(server, options)
    numbers = {
        **handshake_numbers(done),
        "seconds": done.opened["seconds"],
        "sockets": done.opened["sockets"],
    }
    return {"storm": numbers}


def steps(server_name: str, names: list[str]) -> Iterator[list[Step]]:
    """Yield lists of measures for a server; each list needs a freshly started server."""
    wanted = [name for name in names if server_name in measured_on(name)]
    groups = {group: [name for name in known if name in wanted] for group, known in TALKS.items()}
    yield [partial(talks, group=group, names=mine) for group, mine in groups.items() if mine]
    yield [stalled] if "stalled" in wanted else []
    yield [storm] if "storm" in wanted else []
    yield [idle] if "idle" in wanted else []
    yield [reactions.measure] if "reactions" in wanted else []


def measured_on(name: str) -> tuple[str, ...]:
    if name == "idle":
        return (OURS, NODE)
    if name == "reactions":
        return (OURS, OURS_SQLITE)
    return STORING if name in ("stalled", "storm") else tuple(TITLES)
