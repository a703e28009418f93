"""The crew: many official JavaScript clients in one node process.

    with Crew() as crew:
        crew.open(Hand("ada", url, token=…, rooms=["deck"]))
        crew.ready()
        crew.talk(["ada"], "deck", every=0.2)
        …
        crew.hush(); crew.ready(heads={"deck": 12}); logs = crew.report()

Times in a report are milliseconds since 1970.
"""

import itertools
import json
import subprocess
import threading
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

SCRIPT = Path(__file__).with_name("crew.mjs")
# Seconds for any answer: a page of a report may be long, the machine busy.
PATIENCE = 120.0

Report = dict[str, Any]


@dataclass
class Hand:
    """Somebody to connect: by a token or by a session's cookie. `patience` is in seconds, for an ack."""

    name: str
    url: str
    token: str = ""
    cookie: str = ""
    rooms: list[str] = field(default_factory=list)
    transports: list[str] = field(default_factory=lambda: ["websocket"])
    patience: float = 4.0


class Crew:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._numbers = itertools.count(1)
        self._asked: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.stdin.close()
        self._process.wait(PATIENCE)

    def open(self, *hands: Hand) -> None:
        self._ask("open", people=[asdict(hand) for hand in hands])

    def ready(
        self, names: list[str] | None = None, heads: dict[str, int] | None = None, seconds: float = PATIENCE
    ) -> None:
        """All of them are connected, know all up to these heads, and wait for no ack. Who was revoked isn't waited for."""
        done = self._ask("ready", names=names, heads=heads or {}, ms=seconds * 1000)
        assert done["ready"], f"not whole after {seconds} s: {done['late']}"

    def talk(self, names: list[str], room: str, every: float) -> None:
        """Each says something every so many seconds, until `hush`."""
        self._ask("talk", names=names, room=room, every=every * 1000)

    def hush(self, names: list[str] | None = None) -> None:
        self._ask("hush", names=names)

    def say(self, name: str, room: str, body: str = "aye") -> Report:
        """Back when it is stored, or refused for good."""
        return self._ask("say", name=name, room=room, body=body)["said"]

    def call(self, name: str, event: str, data: Any) -> Report:
        """One attempt; the error `timeout` where no ack came."""
        return self._ask("call", name=name, event=event, data=data)["answer"]

    def close(self, names: list[str]) -> None:
        self._ask("close", names=names)

    def report(self, names: list[str] | None = None) -> list[Report]:
        return self._ask("report", names=names)["clients"]

    def _ask(self, command: str, **rest: Any) -> Report:
        number, answer = next(self._numbers), Future()
        self._asked[number] = answer
        with self._lock:
            self._process.stdin.write(json.dumps({"n": number, "do": command, **rest}) + "\n")
        found = answer.result(PATIENCE + rest.get("ms", 0) / 1000)
        assert "error" not in found, found["error"]
        return found

    def _read(self) -> None:
        for line in self._process.stdout:
            found = json.loads(line)
            self._asked.pop(found.pop("n")).set_result(found)
