"""A room page in Chromium behind a slow network: requests, bytes, and the time until it shows and is live.

Measured twice. Chromium's own emulation (`Network.emulateNetworkConditions`) delays the answer of each request and shares
the bandwidth among answers, but delays neither TCP connections nor a websocket's frames. `slow_network.py` delays all of it.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.request import urlopen

from benchmarks import processes
from benchmarks.scenarios import Numbers, Plan
from benchmarks.servers import OURS_SQLITE, Workspace, running
from benchmarks.slow_network import BYTES_PER_SECOND, ROUND_TRIP_SECONDS

EMULATED = {
    "offline": False,
    "latency": ROUND_TRIP_SECONDS * 1000,
    "downloadThroughput": BYTES_PER_SECOND,
    "uploadThroughput": BYTES_PER_SECOND,
}
PATH = "/chat/small"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# That a page has to become live.
LIVE_SECONDS = 60
FIRST_TEXT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
CONNECTED, JOINED = re.compile(r"40\{"), re.compile(r'43\d+\[\{"ok":true,"room":\{')


@dataclass
class Recording:
    """Requests of one load of a page, by events of the DevTools protocol. Moments are in seconds of Chromium's clock."""

    document: str = ""
    asked_for: set[str] = field(default_factory=set)
    parents: dict[str, str] = field(default_factory=dict)
    bytes: float = 0
    sockets: int = 0
    moments: dict[str, float] = field(default_factory=dict)
    first_text_ms: float = 0

    def listen(self, session: Any) -> None:
        session.on("Network.requestWillBeSent", self.asked)
        session.on("Network.loadingFinished", self.finished)
        session.on("Network.webSocketCreated", self.socket_created)
        session.on("Network.webSocketHandshakeResponseReceived", lambda event: self.note("open", event))
        session.on("Network.webSocketFrameReceived", self.frame_received)

    def asked(self, event: dict[str, Any]) -> None:
        url = event["request"]["url"]
        if not url.startswith("http"):
            return
        self.note("began", event)
        self.document = self.document or event["requestId"]
        self.parents.setdefault(url, parent_of(event["initiator"]))

    def finished(self, event: dict[str, Any]) -> None:
        # What the browser has already takes no bytes.
        if event["encodedDataLength"]:
            self.asked_for.add(event["requestId"])
            self.bytes += event["encodedDataLength"]
        if event["requestId"] == self.document:
            self.note("page", event)

    def socket_created(self, event: dict[str, Any]) -> None:
        self.sockets += 1
        self.parents.setdefault(event["url"], parent_of(event.get("initiator", {})))

    def frame_received(self, event: dict[str, Any]) -> None:
        for name, pattern in (("connected", CONNECTED), ("joined", JOINED)):
            if pattern.match(event["response"]["payloadData"]):
                self.note(name, event)

    def note(self, name: str, event: dict[str, Any]) -> None:
        self.moments.setdefault(name, event["timestamp"])

    def milliseconds(self, name: str) -> float:
        return (self.moments[name] - self.moments["began"]) * 1000

    @property
    def depth(self) -> int:
        """Requests of the longest chain behind the page in which each one is known of by the one before."""
        return max((self._depth_of(url) for url in self.parents if not url.startswith("ws")), default=0)

    def _depth_of(self, url: str) -> int:
        depth, seen = 0, {url}
        while (url := self.parents.get(url, "")) and url not in seen:
            depth += 1
            seen.add(url)
        return depth

    def numbers(self) -> Numbers:
        return {
            "requests": len(self.asked_for) + self.sockets,
            "kilobytes": self.bytes / 1000,
            "depth": self.depth,
            "first_text_ms": self.first_text_ms,
            "connected_ms": self.milliseconds("connected"),
            "live_ms": self.milliseconds("joined"),
            "after_page_ms": self.milliseconds("joined") - self.milliseconds("page"),
        }


def parent_of(initiator: dict[str, Any]) -> str:
    """The address of what asked for it: a page, a style sheet, a script or the module that imports it."""
    if initiator.get("url"):
        return str(initiator["url"])
    stack = initiator.get("stack")
    while stack:
        if stack["callFrames"]:
            return str(stack["callFrames"][0]["url"])
        stack = stack.get("parent")
    return ""


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


def load(context: Any, url: str, network: dict[str, Any] | None = None) -> Recording:
    """The page as it is live, and has asked for nothing more for a while."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    recording = Recording()
    session.send("Network.enable")
    if network:
        session.send("Network.emulateNetworkConditions", network)
    recording.listen(session)
    page.goto(url)
    deadline = time.monotonic() + LIVE_SECONDS
    while "joined" not in recording.moments and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    page.wait_for_load_state("networkidle")
    recording.first_text_ms = page.evaluate(FIRST_TEXT)
    page.close()
    return recording


@contextmanager
def slow_network(port: int, upstream: int) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.slow_network", str(port), str(upstream)]
    process = subprocess.Popen(command)
    try:
        for _ in range(100):
            try:
                urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        processes.stop(process)


def loads(url: str, cookie: str, count: int, network: dict[str, Any] | None) -> dict[str, list[Numbers]]:
    """Measure page loads with an empty cache and with a filled one."""
    found: dict[str, list[Numbers]] = {"cold": [], "warm": []}
    with chromium() as browser:
        for _ in range(count):
            context = browser.new_context()
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])
            for numbers in found.values():
                numbers.append(load(context, url + PATH, network).numbers())
            context.close()
    return found


def measure(workspace: Workspace, plan: Plan) -> dict[str, Numbers]:
    """Medians of each number, by network and state of the browser."""
    counted = json.loads(workspace.django(OURS_SQLITE, "benchmarks.queries", json.dumps({"room page": PATH})))
    way = processes.free_port()
    workspace = replace(workspace, settings=workspace.settings | {"SITE_URL": f"http://127.0.0.1:{way}"})
    found: dict[str, list[Numbers]] = {}
    with running(workspace, OURS_SQLITE) as server, slow_network(way, server.port):
        for title, port, network in (("emulated", server.port, EMULATED), ("proxied", way, None)):
            url = f"http://127.0.0.1:{port}"
            for state, numbers in loads(url, counted["cookie"], plan.page_loads, network).items():
                found[f"{title}, {state}"] = numbers
    return {
        title: {name: statistics.median(each[name] for each in numbers) for name in numbers[0]}
        for title, numbers in found.items()
    }
