"""Texts that were found to take long to render, sent and edited as fast as a member is answered: by sockets and by REST."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import ClassVar
from uuid import uuid4

import requests

from tests.attacks.attack import Attack
from tests.attacks.site import Site
from tests.support.clients.raw_clients import RawSocket
from tests.support.servers.harness import ANSWER

LONGEST = 10_000


def filled(unit: str, before: str = "") -> str:
    """`before` and as many units as a message has room for."""
    return before + unit * ((LONGEST - len(before)) // len(unit))


# The first three kept a server busy for a minute, 0.2 s and 0.2 s with Pygments; the others are the dearest of
# tests/messaging/rendering/test_slopes.py.
HEAVY_TEXTS = [
    "```console\n" + "a" * 1200 + ":" * 1200 + "\n```",
    "```ini\n" + "[" * 3900 + "\n```",
    "```cpp\na " + " " * 3900 + "\n```",
    *(filled(unit, "```py\n") for unit in ("a(b) ", "'", "\n", '"""')),
    *(
        filled(unit)
        for unit in (
            "[",
            "`a",
            "*a",
            "1. a\n",
            "- a\n",
            "a\n",
            "http://a ",
            "<http://a>",
            "[a](/b)",
            "@aa ",
            "\\*",
        )
    ),
]


class HeavyTexts(Attack):
    name: ClassVar[str] = "heavy texts"
    # For each of them to have had its turn.
    suite_seconds: ClassVar[float] = 4.0
    seconds: ClassVar[float] = 4.0

    def prepare(self, site: Site) -> None:
        self.token = site.token(site.attacker)
        self.answers: Counter[str] = Counter()
        self._texts = itertools.cycle(HEAVY_TEXTS)

    def strike(self, site: Site, until: float) -> None:
        ways: list[Callable[[Site, float], None]] = [self._send, self._send, self._edit, self._post]
        threads = [threading.Thread(target=way, args=(site, until)) for way in ways]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send(self, site: Site, until: float) -> None:
        with RawSocket(site.server).connect(self.token) as raw:
            while time.monotonic() < until:
                message = {"room": site.room, "body": next(self._texts), "client_id": str(uuid4())}
                self._note(raw.call("chat-message", message))

    def _edit(self, site: Site, until: float) -> None:
        with RawSocket(site.server).connect(self.token) as raw:
            first = {"room": site.room, "body": "to be edited", "client_id": str(uuid4())}
            pk = raw.call("chat-message", first)["message"]["id"]
            while time.monotonic() < until:
                self._note(raw.call("edit-message", {"id": pk, "body": next(self._texts)}))

    def _post(self, site: Site, until: float) -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Token {self.token}"
            while time.monotonic() < until:
                message = {"room": site.room, "body": next(self._texts), "client_id": str(uuid4())}
                answer = session.post(f"{site.server.url}/message", json=message, timeout=ANSWER)
                self.answers["stored" if answer.ok else answer.json()["code"]] += 1

    def _note(self, answer: dict) -> None:
        self.answers["stored" if answer["ok"] else answer["error"]["code"]] += 1

    def check(self, site: Site) -> None:
        """The texts came through, or were put off; none was a fault of the server's."""
        assert self.answers["stored"] >= len(HEAVY_TEXTS), self.answers
        assert not self.answers["internal"], self.answers

    @property
    def done(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in sorted(self.answers.items()))
