"""Compute medians of the rounds, compare them with the targets, and write the tables."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.servers import NAIVE, NODE, NODE_STORED, OURS, OURS_SQLITE, TITLES

Results = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A target: our figure, divided by `peer`'s where one is named, is at least or at most `bound`."""

    title: str
    scenario: str
    metric: str
    at_least: bool
    bound: float
    peer: str | None = NODE_STORED
    unit: float = 1

    def rule(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}{' ×' if self.peer else ''}"

    def met(self, ratio: float) -> bool:
        return ratio >= self.bound if self.at_least else ratio <= self.bound


TARGETS = [
    Target("500 sockets in a room, 8 in flight: deliveries/s", "eight", "deliveries_per_second", True, 4),
    Target("the same: server CPU per delivery, µs", "eight", "cpu_us_per_delivery", False, 0.25),
    Target("one in flight: deliveries/s", "one", "deliveries_per_second", True, 1.3),
    Target("one in flight: deliveries/s, beside C's", "one", "deliveries_per_second", True, 0.6, NAIVE),
    Target("one in flight: p99, ms", "one", "p99_ms", False, 0.8),
    Target("50 messages/s into a room of 500: p99, ms", "steady", "p99_ms", False, 0.7),
    Target("five sockets, 64 in flight: stored messages/s", "five", "stored_per_second", True, 1.5),
    Target("200 rooms of 10, 64 in flight: stored messages/s", "tables", "stored_per_second", True, 1.3),
    Target("handshake, identity, membership, join: /s", "handshake", "per_second", True, 1),
    Target("5,000 at the same moment, until all have joined, s", "storm", "seconds", False, 1),
    Target("memory per idle joined socket, bytes", "idle", "bytes_each", False, 0.5, NODE),
    Target("CPU of a core with those idle sockets, %", "idle", "server_cpu", False, 1, NODE, 100),
    Target("one reader stops: the others' p99, with / without", "stalled", "p99_ratio", False, 1.1, None),
    Target(
        "two workers, 64 in flight from both: deliveries per CPU second, over one's",
        "workers",
        "ratio",
        True,
        0.8,
        None,
    ),
    Target("the same with 8 in flight", "workers", "eight_ratio", True, 0.8, None),
    Target("to another worker's sockets: p50 over that within", "workers", "far_ratio", False, 2, None),
    Target("history page, long room / short: p50", "history", "ratio", False, 1.2, None),
    Target("the same from the middle of the room", "history", "middle_ratio", False, 1.2, None),
]


def results_of(rounds: dict[str, Any], machine: dict[str, Any], plan: dict[str, Any]) -> Results:
    medians = {
        scenario: {server: median(numbers) for server, numbers in servers.items()}
        for scenario, servers in rounds.items()
    }
    return {"machine": machine, "plan": plan, "medians": medians, "rounds": rounds}


def median(rounds: list[dict[str, Any]]) -> dict[str, float]:
    names = [name for name in rounds[0] if name != "faults"]
    return {name: statistics.median(numbers[name] for numbers in rounds) for name in names}


def value(results: Results, target: Target, server: str) -> float | None:
    found = results["medians"].get(target.scenario, {}).get(server)
    return None if found is None else found[target.metric] * target.unit


def ratio(results: Results, target: Target, ours: str = OURS) -> float | None:
    mine = value(results, target, ours)
    if mine is None or target.peer is None:
        return mine
    theirs = value(results, target, target.peer)
    return mine / theirs if theirs else None


def number(found: float | None) -> str:
    if found is None:
        return ""
    return f"{found:,.0f}" if abs(found) >= 100 else f"{found:.3g}"


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def table(results: Results) -> str:
    servers = [name for name in TITLES if any(name in found for found in results["medians"].values())]
    lines = [row("", *(TITLES[name] for name in servers), "ratio", "target", "met")]
    lines.append("|---" + "|--:" * (len(servers) + 2) + "|---|")
    for target in TARGETS:
        cells = [number(value(results, target, name)) for name in servers]
        if not any(cells):
            continue
        against = ratio(results, target)
        verdict = "" if against is None else "yes" if target.met(against) else "**no**"
        lines.append(row(target.title, *cells, number(against), target.rule(), verdict))
    return "\n".join(lines) if len(lines) > 2 else ""


def pages_table(results: Results) -> str:
    found = results["medians"].get("pages")
    if not found:
        return ""
    servers = [name for name in (OURS, OURS_SQLITE) if name in found]
    lines = [
        row(
            "while 50 messages/s go into a room of 500", "queries", *(f"p50 ms, {TITLES[s]}" for s in servers)
        )
    ]
    lines.append("|---" + "|--:" * (len(servers) + 1) + "|")
    first = found[servers[0]]
    for name in [key.removesuffix(" queries") for key in first if key.endswith(" queries")]:
        times = [number(found[server][f"{name} ms"]) for server in servers]
        lines.append(row(name, number(first[f"{name} queries"]), *times))
    return "\n".join(lines)


PAGE_LOAD = {
    "requests": "requests",
    "kilobytes": "KB, with headers",
    "depth": "longest chain of requests behind the page",
    "first_text_ms": "first text, ms",
    "connected_ms": "let in, ms",
    "live_ms": "live (the join is answered), ms",
    "after_page_ms": "the same from the page's arrival, ms",
}


def page_load_table(results: Results) -> str:
    found = {
        name.partition(": ")[2]: servers[OURS_SQLITE]
        for name, servers in results["medians"].items()
        if name.startswith("page-load: ")
    }
    if not found:
        return ""
    lines = [row("a room page at 150 ms and 1.6 Mbit/s", *found), "|---" + "|--:" * len(found) + "|"]
    lines += [
        row(title, *(number(values[name]) for values in found.values())) for name, title in PAGE_LOAD.items()
    ]
    return "\n".join(lines)


def load_table(results: Results) -> str:
    """Tabulate the cores in use, which shows that the load generator wasn't the bottleneck."""
    lines = [
        row("cores in use", *(f"{TITLES[s]}: server / database / load" for s in (OURS, NODE_STORED, NODE))),
        "|---|--:|--:|--:|",
    ]
    for scenario, servers in results["medians"].items():
        cells = [busy(servers.get(name, {})) for name in (OURS, NODE_STORED, NODE)]
        if any(cells):
            lines.append(row(scenario, *cells))
    return "\n".join(lines) if len(lines) > 2 else ""


def busy(numbers: dict[str, float]) -> str:
    if "load_cpu" not in numbers:
        return ""
    return " / ".join(f"{numbers[name]:.2f}" for name in ("server_cpu", "database_cpu", "load_cpu"))


def details(results: Results) -> str:
    facts, found = results["machine"], []
    found.append(
        f"{facts['date']}: {facts['cores']} cores of {facts['processor']}, {facts['memory_gib']} GiB, "
        f"Linux {facts['kernel']}, Python {facts['python']}; load average {facts['load_before']} at the start."
    )
    plan, most = (
        results["plan"],
        max((len(r) for s in results["rounds"].values() for r in s.values()), default=0),
    )
    found.append(
        f"{most} round{'s' if most > 1 else ''} of {plan['seconds']:g} s a measure; {plan['idle_sockets']:,} idle sockets; "
        f"{plan['history']:,} messages in the long room."
    )
    for name, numbers in results["medians"].get("stalled", {}).items():
        found.append(
            f"{TITLES[name]}, one reader of 500 stopped: "
            f"the others' p99 {numbers['p99_ms_before']:.0f} → {numbers['p99_ms']:.0f} ms, "
            f"memory grew by {numbers['grown_bytes'] / 2**20:.1f} MiB, {'cut' if numbers['cut'] else 'not cut'}."
        )
    for name, numbers in results["medians"].get("reactions", {}).items():
        found.append(
            f"{TITLES[name]}, eight people react without pause by REST beside 50 messages/s: "
            f"{numbers['reactions_per_second']:.0f} reactions/s; the acks' p99 {numbers['ack_p99_ms_alone']:.1f} → "
            f"{numbers['ack_p99_ms']:.1f} ms."
        )
    for name, numbers in results["medians"].get("files", {}).items():
        found += files_lines(TITLES[name], numbers)
    for name, numbers in results["medians"].get("start", {}).items():
        found.append(
            f"{TITLES[name]}, `./run` until it answers: the first time {numbers['first_seconds']:.1f} s "
            f"({numbers['first_cpu']:.1f} s of CPU), then {numbers['second_seconds']:.2f} s "
            f"({numbers['second_cpu']:.2f} s); the first page is there after {numbers['second_page_seconds']:.2f} s."
        )
    bad = unclean(results)
    if bad:
        found.append(f"Not clean: {'; '.join(bad)}.")
    elif any("faults" in numbers for numbers in every_round(results)):
        found.append("Every message reached every receiver once and in order.")
    return "\n".join(f"- {line}" for line in found)


def files_lines(title: str, numbers: dict[str, float]) -> list[str]:
    """Tell the speed of transfers, and what others' acks take beside them."""
    speeds = ", ".join(
        f"{word} {numbers[f'unpaced_{way}']:.0f} MB/s ({numbers[f'{way}_ratio']:.2f} × nginx's "
        f"{numbers[f'nginx_{way}']:.0f}; {numbers[way]:.0f} at the usual pace)"
        for word, way in (("up", "upload"), ("down", "download"))
    )
    photos = f"{numbers['photos_per_second']:.1f} photos of 12 megapixels a second"
    kinds = {"transfers": "an upload and a download of it", "photos": photos}
    return [f"{title}, a file of a gigabyte without a pace: {speeds}."] + [
        f"{title}, {what} beside 50 messages/s: the acks' p50 {numbers[f'{kind}_ack_p50_ms_alone']:.1f} → "
        f"{numbers[f'{kind}_ack_p50_ms']:.1f} ms, p99 {numbers[f'{kind}_ack_p99_ms_alone']:.1f} → "
        f"{numbers[f'{kind}_ack_p99_ms']:.1f} ms."
        for kind, what in kinds.items()
    ]


def every_round(results: Results) -> Iterator[dict[str, Any]]:
    for servers in results["rounds"].values():
        for rounds in servers.values():
            yield from rounds


def unclean(results: Results) -> list[str]:
    return [
        f"{scenario} on {TITLES[server]}: {numbers['faults']}"
        for scenario, servers in results["rounds"].items()
        for server, rounds in servers.items()
        for numbers in rounds
        if numbers.get("faults")
    ]


def text(results: Results) -> str:
    parts = [
        details(results),
        table(results),
        pages_table(results),
        page_load_table(results),
        load_table(results),
    ]
    return "\n\n".join(part for part in parts if part)


def write_into(document: Path, words: str, mark: str = "results") -> None:
    """Replace what stands between `<!-- mark -->` and `<!-- /mark -->`."""
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, _, rest = document.read_text().partition(begin)
    after = rest.partition(end)[2]
    document.write_text(f"{before}{begin}\n{words}\n{end}{after}")
