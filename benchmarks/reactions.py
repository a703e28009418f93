"""React without pause beside a steady talk: reactions per second, and what the others' acks take meanwhile."""

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

from benchmarks.groups import FIVE, TABLES
from benchmarks.loader import faults, load
from benchmarks.servers import Server

if TYPE_CHECKING:
    from benchmarks.scenarios import Plan

# People who react at once, each in a room of their own.
PEOPLE = 8
EMOJI = "👍"


def measure(server: Server, plan: "Plan") -> dict[str, dict[str, Any]]:
    """Measure 50 messages/s in one room twice: while eight people put a reaction there and take it back in other rooms,
    by REST, and without them."""
    with ThreadPoolExecutor(PEOPLE) as pool:
        people = [Reactor(server, n) for n in range(PEOPLE)]
        counts: list[Future[int]] = []
        options = {**FIVE.options, "seconds": plan.seconds, "warmup": plan.warmup}
        done = load(
            server,
            options,
            "r50",
            "r50",
            at_begin=lambda: counts.extend(pool.submit(one.react_for, plan.seconds) for one in people),
        )
    beside, alone = done.talks
    numbers = {
        "reactions_per_second": sum(count.result() for count in counts) / plan.seconds,
        "cpu_us_each": beside.cpu / max(sum(count.result() for count in counts), 1) * 1e6,
        "ack_p99_ms": beside.result["ack_ms"]["p99"],
        "ack_p99_ms_alone": alone.result["ack_ms"]["p99"],
        "faults": faults(beside) | faults(alone),
    }
    return {"reactions": numbers}


class Reactor:
    """A person with one connection, and a message of their own to react to."""

    def __init__(self, server: Server, n: int) -> None:
        token = (server.folder / "tokens").read_text().split()[TABLES.first + n * TABLES.size]
        self.connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = {"room": f"{TABLES.prefix}{n}", "body": "hello", "client_id": str(uuid4())}
        said = json.loads(self.request("POST", "/message", body))
        self.path = f"/message/{said['id']}/reaction"

    def request(self, method: str, path: str, body: dict[str, str] | None = None) -> bytes:
        self.connection.request(method, path, json.dumps(body) if body else None, self.headers)
        with self.connection.getresponse() as answer:
            text = answer.read()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]!r}")
            return text

    def react_for(self, seconds: float) -> int:
        """React and take it back by turns; return how many of both were answered within the time."""
        end, count = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            if count % 2:
                self.request("DELETE", f"{self.path}/{quote(EMOJI)}")
            else:
                self.request("POST", self.path, {"emoji": EMOJI})
            count += 1
        return count
