"""Measure reading over HTTP: a long history against a short one, and the busiest pages under load."""

import http.client
import json
import statistics
import time

from benchmarks.groups import HALL
from benchmarks.loader import load
from benchmarks.scenarios import Numbers, Plan
from benchmarks.servers import Server, Workspace

PAGES = {
    "GET /room": "/room",
    "GET /message": "/message?room=small",
    "room page": "/chat/small",
}


class Reader:
    """One keep-alive connection of the person whose pages are read."""

    def __init__(self, workspace: Workspace, server: Server, cookie: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        token = workspace.tokens.read_text().split()[-1]
        self.headers = {"Authorization": f"Token {token}", "Accept": "application/json"}
        self.page_headers = {"Cookie": f"sessionid={cookie}", "Accept": "text/html"}

    def milliseconds(self, path: str) -> float:
        began = time.perf_counter()
        headers = self.page_headers if path.startswith("/chat/") else self.headers
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"GET {path} answered {answer.status}")
        return (time.perf_counter() - began) * 1000


def history(reader: Reader, plan: Plan) -> Numbers:
    """Measure the median ms of a page of 50 from the end and from the middle, in turn from both rooms."""
    paths = {
        "small_ms": "/message?room=small",
        "big_ms": "/message?room=big",
        "small_middle_ms": "/message?room=small&before=500",
        "big_middle_ms": f"/message?room=big&before={plan.history // 2}",
    }
    times: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(plan.requests):
        for name, path in paths.items():
            times[name].append(reader.milliseconds(path))
    p50 = {name: statistics.median(values[5:]) for name, values in times.items()}
    return p50 | {
        "ratio": p50["big_ms"] / p50["small_ms"],
        "middle_ratio": p50["big_middle_ms"] / p50["small_middle_ms"],
    }


def under_load(reader: Reader, server: Server, plan: Plan) -> Numbers:
    """Measure one reader's p50 in ms while 50 messages/s go into a room of 500 on the same server."""
    times: dict[str, list[float]] = {name: [] for name in PAGES}

    def read() -> None:
        until = time.monotonic() + plan.seconds
        while time.monotonic() < until:
            for name, path in PAGES.items():
                times[name].append(reader.milliseconds(path))

    options = {**HALL.options, "warmup": plan.warmup, "seconds": plan.seconds}
    load(server, options, "r50", at_begin=read)
    return {name: statistics.median(values) for name, values in times.items()}


def read_all(workspace: Workspace, server: Server, plan: Plan) -> dict[str, Numbers]:
    counted = json.loads(workspace.django(server.name, "benchmarks.queries", json.dumps(PAGES)))
    reader = Reader(workspace, server, counted.pop("cookie"))
    found = {"history": history(reader, plan)}
    p50 = under_load(reader, server, plan)
    found["pages"] = {f"{name} ms": value for name, value in p50.items()} | {
        f"{name} queries": value for name, value in counted.items()
    }
    return found
