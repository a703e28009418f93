"""The plan of docs/scale.md: machines for 100,000 and 1,000,000 sockets, step by step from what was measured."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from benchmarks.report import number, row
from benchmarks.servers import OURS, ROOT

Results = dict[str, Any]
PLANNED = (100_000, 1_000_000)
# The results of ./run bench, for what a silent socket takes.
IDLE = ROOT / "benchmarks" / "results.json"

# What is assumed of people, each with one socket: members of a room who are here at the same time, seconds between a
# person's messages in the busiest hour, how long somebody stays, and how many such hours a day has.
ROOM, SECONDS_PER_MESSAGE, VISIT_SECONDS, BUSY_HOURS = 50, 120, 3_600, 6
# Parts of a core that a process, a Redis and PostgreSQL use at most, so that a burst or a lost machine's people fit.
PROCESS_SHARE, REDIS_SHARE, DATABASE_SHARE = 0.5, 0.5, 0.6
# Sockets of a process, as many as were measured.
SOCKETS = 10_000
# Cores of a machine for processes, and its memory for what isn't a socket: code and caches of a process.
CORES, PROCESS_BYTES = 16, 150e6
# What the kernel keeps for an idle TCP connection, and IP's and TCP's part of a delivery.
KERNEL_BYTES, HEADER_BYTES = 3_000, 66
# Words to all processes that each sends at most a second: rooms with news ten times, who came and went twenty times.
WORDS_PER_SECOND = 30
# WAL of a message: docs/performance.md. Random pages of an index are kept in memory, or each message waits for the disk.
WAL_BYTES = 1_300

# The index of search.
WORDS = "message_search_trigrams"


@dataclass(frozen=True)
class Measured:
    """Seconds of CPU, and bytes."""

    message: float
    delivery: float
    remote: float
    stored: float
    join: float
    join_stored: float
    quiet: float
    quiet_stored: float
    socket: float
    online: float
    publish: float
    heard: float
    delivered_bytes: float
    disk: float
    random_index: float


def measured(found: Results) -> Measured:
    """Take the plan's figures out of the results."""
    small, middle = (found["sizes"][size] for size in ("5", "500"))
    idle = json.loads(IDLE.read_text())
    silent, sockets = idle["medians"]["idle"][OURS], idle["plan"]["idle_sockets"]
    delivery = (middle["one_message_us"] - small["one_message_us"]) / (500 - 5)
    alone, together = (found["machines"][f"{machines} × 50"] for machines in (1, 2))
    few, many = (found["fanout"][f"{count} processes hear it"]["cpu_us"] for count in (1, 64))
    heard = (many - few) / (64 - 1)
    length = longest_indexed(found["histories"][OURS])
    on_disk = found["histories"][OURS][length]["bytes"]
    return Measured(
        # A busy process stores some together, while each socket is still written to for each message.
        message=max(small["eight_message_us"] - 5 * delivery, 0) / 1e6,
        delivery=delivery / 1e6,
        remote=max(together["w_message_us"] - alone["w_message_us"], 0) / 1e6,
        stored=small["eight_database_us"] / 1e6,
        join=middle["join_us"] / 1e6,
        join_stored=middle["join_database_us"] / 1e6,
        quiet=silent["server_cpu"] / sockets,
        quiet_stored=silent["database_cpu"] / sockets,
        socket=silent["bytes_each"],
        online=list(found["online"].values())[-1]["bytes_each"],
        publish=(few - heard) / 1e6,
        heard=heard / 1e6,
        delivered_bytes=middle["one_bytes"],
        disk=sum(on_disk.values()) / int(length),
        random_index=on_disk["message_client_id_once"] / int(length),
    )


def longest_indexed(by_length: Mapping[str, Any]) -> str:
    """Return the longest history, of those with an index of words if there are any."""
    indexed = [length for length, each in by_length.items() if WORDS in each["bytes"]]
    return max(indexed or by_length, key=int)


class Load:
    """What so many people do in the busiest hour, and what it takes."""

    def __init__(self, people: int, of: Measured) -> None:
        self.people, self.of = people, of
        self.messages = people / SECONDS_PER_MESSAGE
        self.deliveries = self.messages * ROOM
        self.visits = people / VISIT_SECONDS
        self.processes = self.fixed_point()

    def fixed_point(self) -> int:
        """Return the fewest processes that do it: what they tell each other grows with their number."""
        count = ceil(self.people / SOCKETS)
        while (needed := ceil(self.cpu(count) / PROCESS_SHARE)) > count:
            count = max(count + 1, min(needed, count * 2))
            if count > 100_000:
                break
        return count

    def hearing(self, processes: int) -> float:
        """Return on how many processes the people of a room are, if they are anywhere."""
        return processes * (1 - (1 - 1 / processes) ** ROOM)

    def parts(self, processes: int) -> dict[str, float]:
        """Return cores of all processes by what they do."""
        of = self.of
        return {
            "messages": self.messages * of.message,
            "deliveries": self.deliveries * of.delivery,
            "others": self.messages * (self.hearing(processes) - 1) * of.remote,
            "visits": self.visits * of.join,
            "silence": self.people * of.quiet,
        }

    def cpu(self, processes: int) -> float:
        return sum(self.parts(processes).values())

    @property
    def machines(self) -> int:
        """Return machines of CORES, two of them to spare where there are more than one."""
        needed = ceil(self.processes / CORES)
        return needed + (1 if needed < 4 else 2)

    @property
    def memory(self) -> float:
        """Return bytes of one process: its own, its sockets', and who is online anywhere."""
        sockets = self.people / self.processes
        return PROCESS_BYTES + sockets * (self.of.socket + KERNEL_BYTES) + self.people * self.of.online

    @property
    def room_words(self) -> float:
        """Return messages a second that Redis hands to processes for rooms."""
        return self.messages * self.hearing(self.processes)

    @property
    def site_words(self) -> float:
        """Return messages a second that Redis hands to all processes, on the channel of all."""
        return WORDS_PER_SECOND * self.processes**2

    @property
    def redis(self) -> float:
        """Return cores of Redis for rooms: they can be on several nodes, each channel on one."""
        return self.messages * self.of.publish + self.room_words * self.of.heard

    @property
    def redis_all(self) -> float:
        """Return cores of the one node that has the channel of all."""
        return WORDS_PER_SECOND * self.processes * self.of.publish + self.site_words * self.of.heard

    @property
    def database(self) -> float:
        """Return cores of PostgreSQL."""
        of = self.of
        return self.messages * of.stored + self.visits * of.join_stored + self.people * of.quiet_stored

    @property
    def daily(self) -> float:
        return self.messages * BUSY_HOURS * 3_600


Value = Callable[[Load], str]


def rows() -> Mapping[str, Value]:
    """Return the plan's lines: what, and how it is shown."""
    return {
        "messages a second: people / 120 s": lambda load: number(load.messages),
        "deliveries a second: × 50 people in the room": lambda load: number(load.deliveries),
        "visits a second: people / 3,600 s": lambda load: number(load.visits),
        "**processes**, each with half a core and 10,000 sockets at most": lambda load: number(
            load.processes
        ),
        "… cores for messages": lambda load: number(load.parts(load.processes)["messages"]),
        "… cores for deliveries": lambda load: number(load.parts(load.processes)["deliveries"]),
        "… cores for messages of other processes": lambda load: number(load.parts(load.processes)["others"]),
        "… cores for visits (a join each)": lambda load: number(load.parts(load.processes)["visits"]),
        "… cores for silent sockets": lambda load: number(load.parts(load.processes)["silence"]),
        "sockets of a process": lambda load: number(load.people / load.processes),
        "processes that a room's people are on": lambda load: number(load.hearing(load.processes)),
        "memory of a process, MB": lambda load: number(load.memory / 1e6),
        "**machines** of 16 cores, with those to spare": lambda load: number(load.machines),
        "memory of a machine for the processes, GB": lambda load: number(load.memory * CORES / 1e9),
        "to people, Mbit/s": lambda load: number(
            load.deliveries * (load.of.delivered_bytes + HEADER_BYTES) * 8 / 1e6
        ),
        "Redis: messages a second in, for rooms": lambda load: number(load.messages),
        "Redis: messages a second out, for rooms": lambda load: number(load.room_words),
        "Redis: Mbit/s out, for rooms": lambda load: number(
            load.room_words * load.of.delivered_bytes * 8 / 1e6
        ),
        "Redis: cores, for rooms": lambda load: number(load.redis),
        "Redis: messages a second out, to all processes": lambda load: number(load.site_words),
        "Redis: cores of the node with that channel": lambda load: number(load.redis_all),
        "**Redis nodes**, each with half a core": lambda load: number(
            max(1, ceil((load.redis + load.redis_all) / REDIS_SHARE))
        ),
        "PostgreSQL: cores for messages": lambda load: number(load.messages * load.of.stored),
        "PostgreSQL: cores for visits": lambda load: number(load.visits * load.of.join_stored),
        "PostgreSQL: cores for looking after silent sockets": lambda load: number(
            load.people * load.of.quiet_stored
        ),
        "**PostgreSQL: cores** in all, at 60 %": lambda load: number(ceil(load.database / DATABASE_SHARE)),
        "PostgreSQL: WAL, MB/s": lambda load: number(load.messages * WAL_BYTES / 1e6),
        "messages a day, millions": lambda load: number(load.daily / 1e6),
        "PostgreSQL: disk a day, GB": lambda load: number(load.daily * load.of.disk / 1e9),
        "PostgreSQL: disk a year, TB": lambda load: number(load.daily * load.of.disk * 365 / 1e12),
        "… of which the index of `client_id`, GB a month": lambda load: number(
            load.daily * load.of.random_index * 30 / 1e9
        ),
    }


def text(found: Results) -> str:
    """Return the figures that the plan begins with, and the plan. Empty without all that it needs."""
    if (
        not {"sizes", "machines", "fanout", "online", "histories"} <= found.keys()
        or OURS not in found["histories"]
    ):
        return ""
    of = measured(found)
    loads = [Load(people, of) for people in PLANNED]
    plan = [row("sockets", *(f"{people:,}" for people in PLANNED)), "|---|--:|--:|"]
    plan += [row(title, *(value(load) for load in loads)) for title, value in rows().items()]
    return "\n\n".join(["\n".join(begun(of)), "\n".join(plan)])


def micros(seconds: float) -> str:
    return number(seconds * 1e6)


def begun(of: Measured) -> list[str]:
    """Return the lines of what the plan begins with."""
    lines = {
        "a message, but for its deliveries": (of.message * 1e6, "µs of a process"),
        "a delivery": (of.delivery * 1e6, "µs of a process"),
        "a message that another process sends": (of.remote * 1e6, "µs of each process that hears it"),
        "storing a message": (of.stored * 1e6, "µs of PostgreSQL"),
        "connecting and joining": (
            of.join * 1e6,
            f"µs of a process, and {micros(of.join_stored)} of PostgreSQL",
        ),
        "a silent socket, each second": (
            of.quiet * 1e6,
            f"µs of a process, and {micros(of.quiet_stored)} of PostgreSQL",
        ),
        "the same": (of.socket, "bytes of a process"),
        "somebody who is online anywhere": (of.online, "bytes of each process"),
        "a message published": (
            of.publish * 1e6,
            f"µs of Redis, and {micros(of.heard)} for each process that hears it",
        ),
        "a delivery ": (of.delivered_bytes, "bytes"),
        "a message on disk, with its line of the log and all indexes": (of.disk, "bytes"),
    }
    return [
        row("what", "measured"),
        "|---|---|",
        *(row(title, f"{number(value)} {unit}") for title, (value, unit) in lines.items()),
    ]
