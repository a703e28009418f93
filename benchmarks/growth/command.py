"""The command: make the databases, measure, keep the figures, and write the tables and the plan into docs/scale.md."""

import argparse
import json
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import programs
from benchmarks.cluster import Cluster, postgresql
from benchmarks.growth import belonging, fanout, histories, machines, sizes, tables
from benchmarks.growth.site import QUICK, Plan, Site, prepare, servers
from benchmarks.machine import machine, print_progress
from benchmarks.servers import OURS, ROOT, TITLES

RESULTS = ROOT / "benchmarks" / "growth.json"
DOCUMENT = ROOT / "docs" / "scale.md"
# What is measured on the shortest history in PostgreSQL, and what on each.
SHORT = {"sizes": sizes.measure_site, "belonging": belonging.measure_site, "machines": machines.measure_site}
ONLINE, FANOUT, HISTORIES = "online", "fanout", "histories"
PARTS = [*SHORT, ONLINE, FANOUT, HISTORIES]
Results = dict[str, Any]


def read_arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench growth", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all if none")
    parser.add_argument(
        "--quick", action="store_true", help="a minute or two, to see that all of it works; writes nothing"
    )
    parser.add_argument(
        "--postgresql", type=int, nargs="*", help="messages of the histories; 10 thousand, 1 and 10 million"
    )
    parser.add_argument("--sqlite", type=int, nargs="*", help="the same; 10 thousand and 1 million")
    arguments = parser.parse_args(words)
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    arguments.parts = arguments.parts or PARTS
    return arguments


def main(words: list[str]) -> None:
    # SystemExit lets the context managers stop what they started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    arguments = read_arguments(words)
    programs.install(("gcc", "postgres", "redis-server"))
    plan = QUICK if arguments.quick else Plan()
    if arguments.postgresql is not None:
        plan = replace(plan, postgresql=tuple(arguments.postgresql))
    if arguments.sqlite is not None:
        plan = replace(plan, sqlite=tuple(arguments.sqlite))
    known: Results = {} if arguments.quick or not RESULTS.is_file() else json.loads(RESULTS.read_text())
    found = known | {"machine": machine()}
    try:
        measure_all(arguments.parts, plan, found)
    finally:
        # What was measured is kept, even if the run is interrupted.
        finish(found, quick=arguments.quick)


def finish(found: Results, *, quick: bool) -> None:
    out = programs.BUILD / RESULTS.name if quick else RESULTS
    out.write_text(json.dumps(found, indent=1) + "\n")
    print(tables.text(found))
    if not quick:
        tables.write(DOCUMENT, found)


def measure_all(parts: list[str], plan: Plan, found: Results) -> None:
    if FANOUT in parts:
        print_progress("Redis: fan-out and channels")
        found[FANOUT] = fanout.measure(plan)
    with tempfile.TemporaryDirectory(prefix="growth-") as folder, postgresql() as cluster:
        for name, length in servers(plan):
            site = made(Path(folder), cluster, name, length)
            if HISTORIES in parts:
                measure_history(site, plan, found)
            if (name, length) == servers(plan)[0]:
                measure_short(parts, site, plan, found)


def made(folder: Path, cluster: Cluster, name: str, length: int) -> Site:
    print_progress(f"{TITLES[name]}: filling {length:,} messages")
    site = prepare(folder, cluster, name, length)
    print_progress(f"{TITLES[name]}: filled in {site.filled['seconds']:.0f} s")
    return site


def measure_history(site: Site, plan: Plan, found: Results) -> None:
    print_progress(f"{TITLES[site.name]}: {site.length:,} messages")
    began = time.monotonic()
    numbers = histories.measure_site(site, plan)
    for title, figures in numbers.items():
        print_progress(
            f"  {title}: {figures['cpu_us']:.0f} + {figures['database_us']:.0f} µs, {figures['p50_ms']:.1f} ms"
        )
    kept = {"costs": numbers, **site.filled, "measured_seconds": time.monotonic() - began}
    found.setdefault(HISTORIES, {}).setdefault(site.name, {})[str(site.length)] = kept


def measure_short(parts: list[str], site: Site, plan: Plan, found: Results) -> None:
    for part, measured in SHORT.items():
        if part in parts:
            print_progress(f"{TITLES[site.name]}: {part}")
            found[part] = measured(site, plan)
    if ONLINE in parts:
        print_progress("people online")
        said = site.workspace.django(OURS, "benchmarks.growth.online", *map(str, plan.online))
        found[ONLINE] = json.loads(said)
