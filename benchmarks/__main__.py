"""`./run bench`: measure each scenario on each server, round by round."""

import argparse
import json
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import files, page_load, pages, picture, programs, report, start, workers
from benchmarks.cluster import postgresql
from benchmarks.groups import PEOPLE
from benchmarks.growth import command as growth
from benchmarks.loader import LoadError
from benchmarks.machine import machine, print_progress
from benchmarks.scenarios import NAMES, QUICK, Plan, Step, steps
from benchmarks.servers import OURS, OURS_SQLITE, ROOT, TITLES, Server, Workspace, running

GROWTH = "growth"
READ_SCENARIOS = ("history", "pages")
WORKERS, PAGE_LOAD, FILES, START = "workers", "page-load", "files", "start"
# Figures that are printed during the run.
PROGRESS_FIGURES = (
    "deliveries_per_second",
    "stored_per_second",
    "p99_ms",
    "per_second",
    "reactions_per_second",
    "ack_p99_ms_alone",
    "bytes_each",
    "server_cpu",
)
RESULTS = ROOT / "benchmarks" / "results.json"
DOCUMENT = ROOT / "docs" / "performance.md"
# Rounds of numbers by scenario and server.
Rounds = dict[str, dict[str, list[dict[str, Any]]]]


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    names = [*NAMES, *READ_SCENARIOS, WORKERS, PAGE_LOAD, FILES, START]
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(names)}; all if none"
    )
    parser.add_argument("--servers", nargs="+", choices=list(TITLES), default=list(TITLES))
    parser.add_argument("--rounds", type=int, help="3, or 1 with --quick")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything works")
    parser.add_argument("--seconds", type=float, help="of each talk that is measured")
    parser.add_argument("--idle-sockets", type=int, help="10000, or 1000 with --quick")
    parser.add_argument("--out", type=Path, help="the results, as JSON; the picture goes beside them")
    arguments = parser.parse_args()
    unknown = set(arguments.scenarios) - set(names)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    arguments.scenarios = arguments.scenarios or names
    return arguments


@contextmanager
def prepared(plan: Plan, servers: list[str]) -> Iterator[Workspace]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, postgresql() as cluster:
        workspace = Workspace(Path(name), cluster)
        tokens = [f"chat_{secrets.token_urlsafe(32)}" for _ in range(PEOPLE + 1)]
        workspace.tokens.write_text("\n".join(tokens) + "\n")
        # The Node server with storage reads the same rows of PostgreSQL.
        for server in (OURS, OURS_SQLITE):
            if server == OURS or server in servers:
                print_progress(f"filling the database for {TITLES[server]}")
                workspace.django(server, "benchmarks.people", str(workspace.tokens), str(plan.history))
        yield workspace


def measure_round(
    workspace: Workspace, plan: Plan, names: list[str], server_name: str, rounds: Rounds
) -> None:
    for group in steps(server_name, names):
        if group:
            with running(workspace, server_name) as server:
                for step in group:
                    measure(server, plan, step, rounds)


def measure(server: Server, plan: Plan, step: Step, rounds: Rounds) -> None:
    try:
        found = step(server, plan)
    except LoadError as error:
        print_progress(f"{TITLES[server.name]}: {error}")
        return
    for name, numbers in found.items():
        rounds.setdefault(name, {}).setdefault(server.name, []).append(numbers)
        said = ", ".join(f"{key} {report.number(numbers[key])}" for key in PROGRESS_FIGURES if key in numbers)
        print_progress(f"{TITLES[server.name]}: {name}: {said}{' NOT CLEAN' if numbers['faults'] else ''}")


def measure_reading(workspace: Workspace, plan: Plan, servers: list[str], rounds: Rounds) -> None:
    for server_name in (OURS, OURS_SQLITE):
        if server_name in servers:
            print_progress(f"{TITLES[server_name]}: pages and history")
            with running(workspace, server_name) as server:
                for name, numbers in pages.read_all(workspace, server, plan).items():
                    rounds.setdefault(name, {}).setdefault(server_name, []).append(numbers)


def measure_page_load(workspace: Workspace, plan: Plan, rounds: Rounds) -> None:
    """Measure page loads on SQLite alone, as browsers get the same on both databases."""
    print_progress(f"{TITLES[OURS_SQLITE]}: a room page in a browser behind a slow network")
    for name, numbers in page_load.measure(workspace, plan).items():
        rounds.setdefault(f"{PAGE_LOAD}: {name}", {}).setdefault(OURS_SQLITE, []).append(numbers)


def measure_files(workspace: Workspace, plan: Plan, rounds: Rounds) -> None:
    """Measure transfers on SQLite alone, whose commits wait for the same disk."""
    print_progress(f"{TITLES[OURS_SQLITE]}: uploads and downloads")
    numbers = files.measure(workspace, plan)
    rounds.setdefault(FILES, {}).setdefault(OURS_SQLITE, []).append(numbers)
    print_progress(
        ", ".join(f"{name} {report.number(found)}" for name, found in numbers.items() if name != "faults")
    )


def measure_starts(count: int, rounds: Rounds) -> None:
    print_progress(f"{TITLES[OURS_SQLITE]}: starts")
    for _ in range(count):
        numbers = start.measure()
        rounds.setdefault(START, {}).setdefault(OURS_SQLITE, []).append(numbers)
        print_progress(", ".join(f"{name} {report.number(found)}" for name, found in numbers.items()))


def measure_workers(workspace: Workspace, plan: Plan, rounds: Rounds) -> None:
    try:
        numbers = workers.measure(workspace, plan)
    except LoadError as error:
        print_progress(f"several workers: {error}")
        return
    rounds.setdefault(WORKERS, {}).setdefault(OURS, []).append(numbers)
    print_progress(
        ", ".join(f"{name} {report.number(found)}" for name, found in numbers.items() if name != "faults")
    )


def main() -> None:
    # SystemExit lets the context managers stop what they started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if sys.argv[1:2] == ["instructions"]:
        # It takes nothing of a run's rounds and programs.
        from benchmarks.instructions.__main__ import main as count

        sys.exit(count(sys.argv[2:]))
    arguments = read_arguments()
    programs.install()
    plan = QUICK if arguments.quick else Plan()
    wanted = {"seconds": arguments.seconds, "idle_sockets": arguments.idle_sockets}
    plan = replace(plan, **{name: value for name, value in wanted.items() if value})
    facts = machine()
    rounds: Rounds = {}
    try:
        measure_all(arguments, plan, rounds)
    finally:
        # Report what was measured, even if the run is interrupted.
        if rounds:
            finish(arguments, plan, facts, rounds)


def measure_all(arguments: argparse.Namespace, plan: Plan, rounds: Rounds) -> None:
    talks = [name for name in arguments.scenarios if name in NAMES]
    count = arguments.rounds or (1 if arguments.quick else 3)
    if START in arguments.scenarios and OURS_SQLITE in arguments.servers:
        measure_starts(count, rounds)
    if set(arguments.scenarios) == {START}:
        return
    with prepared(plan, arguments.servers) as workspace:
        if set(READ_SCENARIOS) & set(arguments.scenarios):
            measure_reading(workspace, plan, arguments.servers, rounds)
        if PAGE_LOAD in arguments.scenarios and OURS_SQLITE in arguments.servers:
            measure_page_load(workspace, plan, rounds)
        for number in range(count):
            print_progress(f"round {number + 1} of {count}")
            if WORKERS in arguments.scenarios and OURS in arguments.servers:
                measure_workers(workspace, plan, rounds)
            if FILES in arguments.scenarios and OURS_SQLITE in arguments.servers:
                measure_files(workspace, plan, rounds)
            for server_name in arguments.servers:
                measure_round(workspace, plan, talks, server_name, rounds)
        for log in workspace.folder.glob("*.log"):
            shutil.copy(log, programs.BUILD / log.name)


def finish(arguments: argparse.Namespace, plan: Plan, facts: dict[str, Any], rounds: Rounds) -> None:
    results = report.results_of(rounds, facts, vars(plan))
    text = report.text(results)
    print(text)
    whole = not arguments.quick and set(arguments.scenarios) >= {
        *NAMES,
        *READ_SCENARIOS,
        WORKERS,
        PAGE_LOAD,
        FILES,
        START,
    }
    out = arguments.out or (RESULTS if whole else programs.BUILD / "results.json")
    out.write_text(json.dumps(results, indent=1) + "\n")
    if out == RESULTS:
        report.write_into(DOCUMENT, text)
    drawn = DOCUMENT.parent / "images" / "performance.svg" if out == RESULTS else out.with_suffix(".svg")
    drawn.write_text(picture.draw(results))


if __name__ == "__main__":
    if sys.argv[1:2] == [GROWTH]:
        growth.main(sys.argv[2:])
    else:
        main()
