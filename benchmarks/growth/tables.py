"""The tables of docs/scale.md: each cost with its ratio to that of the smallest size."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.growth import planning
from benchmarks.growth.planning import WORDS, longest_indexed
from benchmarks.report import number, row, write_into
from benchmarks.servers import OURS, OURS_SQLITE, TITLES

Results = dict[str, Any]
# Marks in the document, by what stands between them.
RESULTS, PLAN = "results", "plan"
MILLION = 1_000_000


def write(document: Path, found: Results) -> None:
    """Write the tables and the plan between the document's marks."""
    write_into(document, text(found), RESULTS)
    write_into(document, planning.text(found), PLAN)


def text(found: Results) -> str:
    """Return what was measured, as tables."""
    parts: dict[str, Callable[[Any], Iterable[str]]] = {
        "machine": about,
        "sizes": sizes,
        "histories": histories,
        "belonging": belonging,
        "machines": machines,
        "fanout": fanout,
        "online": online,
    }
    return "\n\n".join(part for name, made in parts.items() if name in found for part in made(found[name]))


def about(facts: Mapping[str, Any]) -> Iterable[str]:
    yield (
        f"{facts['date']}: {facts['cores']} cores of {facts['processor']}, {facts['memory_gib']} GiB, "
        f"Linux {facts['kernel']}, Python {facts['python']}; load average {facts['load_before']} at the start."
    )


def grown(values: list[float | None]) -> list[str]:
    """Return the values, each but the first with its ratio to that."""
    first = values[0]
    return [
        number(value) + (f" (× {number(value / first)})" if n and value is not None and first else "")
        for n, value in enumerate(values)
    ]


def table(title: str, columns: Iterable[str], lines: Mapping[str, list[float | None]]) -> str:
    heads = list(columns)
    rows = [row(title, *heads), "|---" + "|--:" * len(heads) + "|"]
    return "\n".join([*rows, *(row(name, *grown(values)) for name, values in lines.items())])


SIZES = {
    "CPU µs of a message, one in flight": "one_message_us",
    "the same for each delivery": "one_delivery_us",
    "CPU µs of a message, eight in flight": "eight_message_us",
    "the same for each delivery ": "eight_delivery_us",
    "10 messages/s: delivery p50, ms": "p50_ms",
    "10 messages/s: delivery p99, ms": "p99_ms",
    "PostgreSQL's CPU µs of a message, eight in flight": "eight_database_us",
    "CPU µs to connect and join": "join_us",
    "PostgreSQL's of that": "join_database_us",
}


def sizes(found: Mapping[str, Any]) -> Iterable[str]:
    lines = {title: [each[name] for each in found.values()] for title, name in SIZES.items()}
    yield table("sockets in the room", found, lines)
    yield unclean({f"{size} sockets": each.get("faults") for size, each in found.items()})


def unclean(faults: Mapping[str, Any]) -> str:
    bad = [f"{name}: {told(each)}" for name, each in faults.items() if each]
    return (
        f"Not clean: {'; '.join(bad)}." if bad else "Every message reached every receiver once and in order."
    )


def told(faults: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} {what}" for what, count in faults.items())


def histories(found: Mapping[str, Any]) -> Iterable[str]:
    for name in (OURS, OURS_SQLITE):
        if name in found:
            by_length = dict(sorted(found[name].items(), key=lambda pair: int(pair[0])))
            yield from history(name, by_length)
    yield disk(found)


def history(name: str, by_length: Mapping[str, Any]) -> Iterable[str]:
    """Tabulate the CPU of server and database together, and the median time."""
    first = next(iter(by_length.values()))["costs"]
    columns = [f"{int(length):,}" for length in by_length]
    for what, value in (("CPU µs", cpu), ("p50, ms", lambda figures: figures["p50_ms"])):
        lines = {
            title: [
                value(each["costs"][title]) if title in each["costs"] else None for each in by_length.values()
            ]
            for title in first
        }
        yield table(f"{TITLES[name]}: messages; {what}", columns, lines)


def cpu(figures: Mapping[str, float]) -> float:
    return figures["cpu_us"] + figures["database_us"]


def disk(found: Mapping[str, Any]) -> str:
    """Tabulate megabytes for a million messages, by table and index, of the longest histories."""
    longest = {name: longest_indexed(found[name]) for name in (OURS, OURS_SQLITE) if name in found}
    sizes_of = {name: found[name][length] for name, length in longest.items()}
    columns = [f"{TITLES[name]}, of {int(length):,}" for name, length in longest.items()]
    lines: dict[str, list[float | None]] = {}
    for title, names in DISK.items():
        values = [megabytes(each["bytes"], names, int(longest[name])) for name, each in sizes_of.items()]
        lines[title] = list(values)
    lines["all"] = [
        sum(each["bytes"].values()) / 2**20 * MILLION / int(longest[name]) for name, each in sizes_of.items()
    ]
    rows = [row("MiB for a million messages", *columns), "|---" + "|--:" * len(columns) + "|"]
    return "\n".join([*rows, *(row(title, *map(number, values)) for title, values in lines.items())])


# Names in PostgreSQL and in SQLite.
DISK = {
    "messages": ("messaging_message",),
    "their ids": ("messaging_message_pkey",),
    "by room and seq": ("message_seq_once", "sqlite_autoindex_messaging_message_1"),
    "by sender and `client_id`": ("message_client_id_once", "sqlite_autoindex_messaging_message_2"),
    "words, for search": (WORDS,),
    "log": ("rooms_event",),
    "its ids": ("rooms_event_pkey",),
    "log by room and seq": ("event_seq_once", "sqlite_autoindex_rooms_event_1"),
    "one's own lines, for unread counts": ("event_own",),
}


def megabytes(sizes_of: Mapping[str, int], names: Iterable[str], length: int) -> float | None:
    found = [sizes_of[name] for name in names if name in sizes_of]
    return sum(found) / 2**20 * MILLION / length if found else None


BELONGING = {
    "CPU µs": cpu,
    "p50, ms": lambda figures: figures["p50_ms"],
    "bytes": lambda figures: figures["bytes"],
}


def belonging(found: Mapping[str, Any]) -> Iterable[str]:
    first = next(iter(found.values()))
    for what, value in BELONGING.items():
        named = {"CPU µs": ("cpu_us",), "p50, ms": ("p50_ms", "cpu_us"), "bytes": ("bytes",)}[what]
        titles = [title for title, figures in first.items() if all(name in figures for name in named)]
        lines = {title: [value(each[title]) for each in found.values()] for title in titles}
        yield table(f"rooms of one person; {what}", found, lines)
    acks = [title for title in first if "longest_ms" in first[title]]
    lines = {
        f"{title}: {word}": [each[title][name] for each in found.values()]
        for title in acks
        for word, name in (("p50", "p50_ms"), ("p99", "p99_ms"))
    }
    yield table("rooms of one person; ms", found, lines)


MACHINES = {
    "CPU µs of a message, 10/s": "r_message_us",
    "CPU µs of a message, eight in flight": "w_message_us",
    "the same for each delivery": "w_delivery_us",
    "PostgreSQL's CPU µs of a message, eight in flight": "w_database_us",
    "Redis' CPU µs of a message, 10/s": "r_redis_us",
    "Redis' CPU µs of a message, eight in flight": "w_redis_us",
    "bytes from Redis for a message, 10/s": "r_redis_out",
    "10/s: p50 within the machine, ms": "r_near_p50_ms",
    "10/s: p99 within the machine, ms": "r_near_p99_ms",
    "10/s: p50 to the other, ms": "r_far_p50_ms",
    "10/s: p99 to the other, ms": "r_far_p99_ms",
}


def machines(found: Mapping[str, Any]) -> Iterable[str]:
    rooms = list(dict.fromkeys(name.split(" × ")[1] for name in found))
    for room in rooms:
        pair = {name: found[name] for name in found if name.endswith(f" × {room}")}
        lines: dict[str, list[float | None]] = {
            title: [each[name] or None for each in pair.values()] for title, name in MACHINES.items()
        }
        heads = ["1 machine", "2 machines"]
        yield table(f"a room of {room} sockets", heads[: len(pair)], lines)
    yield unclean({name: each["r_faults"] | each["w_faults"] for name, each in found.items()})


def fanout(found: Mapping[str, Any]) -> Iterable[str]:
    heard = {name: figures["cpu_us"] for name, figures in found.items() if "cpu_us" in figures}
    columns = [name.split()[0] for name in heard]
    yield table(
        "processes that hear a channel",
        columns,
        {"Redis' CPU µs of a message of 700 bytes": list(heard.values())},
    )
    yield f"A subscription of a process to a channel takes {number(found['a channel']['bytes'])} bytes of Redis' memory."


def online(found: Mapping[str, Any]) -> Iterable[str]:
    first = next(iter(found.values()))
    titles = {"bytes_each": "memory of each in every process, bytes"}
    lines = {titles.get(name, f"CPU µs: {name}"): [each[name] for each in found.values()] for name in first}
    yield table("people online on the whole site", found, lines)
