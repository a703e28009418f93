"""People who lose what they may see while a fault lasts, by a machine that isn't the one they are connected to.

doomed = Doomed(stage, crew, "deck", "first")    # connected, on every machine
doomed.revoke()                                  # back when each has its answer
doomed.seen_after(reports)                       # [] where nobody saw what was said after that
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests

from tests.chaos.crew import Crew, Hand, Report
from tests.chaos.stage import Stage
from tests.support.clients.cast import Browser

# Seconds until the answer must have come, with the fault in the way.
ANSWER = 120.0


@dataclass
class Revocation:
    """`ask` is a request that takes somebody's right; `answered` when it did, in milliseconds since 1970, and `waited`
    the seconds that took."""

    name: str
    ask: Callable[[], requests.Response]
    answered: float = 0.0
    waited: float = 0.0

    def carry_out(self) -> None:
        """Asks until it is answered. After an attempt without an answer it may be done already."""
        began = time.monotonic()
        deadline = began + ANSWER
        while not self.answered:
            assert time.monotonic() < deadline, f"{self.name} got no answer"
            try:
                answer = self.ask()
            except requests.RequestException:
                time.sleep(0.2)
                continue
            if answer.status_code < 400 or answer.status_code == 404:
                self.answered, self.waited = time.time() * 1000, time.monotonic() - began
            else:
                assert answer.status_code in (500, 503), answer.text
                time.sleep(0.2)


KINDS = ("removed", "banned", "ended")


def names(scene: str, machines: int) -> list[str]:
    """Of those whom one scene needs."""
    return [f"{scene}-{kind}-{place}" for kind in KINDS for place in range(machines)]


class Doomed:
    def __init__(self, stage: Stage, crew: Crew, room: str, tokens: dict[str, str], owner: str) -> None:
        """`owner` is a token of the room's owner."""
        self.stage, self.crew, self.room, self.owner = stage, crew, room, owner
        self.revocations: list[Revocation] = []
        crew.open(*(self._hand(name, token) for name, token in tokens.items()))
        crew.ready(self.names)

    @property
    def names(self) -> list[str]:
        return [revocation.name for revocation in self.revocations]

    def _hand(self, name: str, token: str) -> Hand:
        """Connected to one machine; the next one is asked to end it."""
        _, kind, number = name.split("-")
        place = int(number)
        here = self.stage.machines[place]
        there = self.stage.machines[(place + 1) % len(self.stage.machines)].server
        hand = Hand(name, here.url, token, rooms=[self.room])
        path = f"{there.url}/room/{self.room}"
        mine = {"headers": {"Authorization": f"Token {self.owner}"}, "timeout": 60}
        if kind == "removed":
            ask = lambda: requests.delete(f"{path}/member/{name}", **mine)  # noqa: E731
        elif kind == "banned":
            ask = lambda: requests.post(f"{path}/ban", json={"username": name}, **mine)  # noqa: E731
        else:
            browser = Browser(there, name)
            hand.token, hand.cookie = "", browser.cookie_header
            ask = lambda: browser.form("/logout")  # noqa: E731
        self.revocations.append(Revocation(name, ask))
        return hand

    def revoke(self) -> None:
        with ThreadPoolExecutor(len(self.revocations)) as pool:
            for done in [pool.submit(revocation.carry_out) for revocation in self.revocations]:
                done.result()

    def seen_after(self, reports: list[Report]) -> list[str]:
        """What somebody was sent although it was said, for the first time, after their revocation was answered."""
        said = {one["client_id"]: one["at"] for report in reports for one in report["sent"]}
        mine = {report["name"]: report for report in reports}
        return [
            f"{revocation.name} got an event {(said[client_id] - revocation.answered) / 1000:.3f} s after"
            for revocation in self.revocations
            for *_, client_id, _, _ in mine[revocation.name]["rooms"][self.room]["entries"]
            if said.get(client_id, 0) > revocation.answered
        ]
