"""A scene: a crew talks on a stage while a fault strikes, and is looked over once all are whole again.

with Stage(tmp_path) as stage, Crew() as crew:
    scene = Scene(stage, crew)
    outcome = scene.under("redis killed", Random(1))        # or under(fault=Fault(…), name=…)
    outcome.check()
"""

import threading
import time
from dataclasses import dataclass, field
from random import Random

from tests.chaos.audit import Findings, audit, wholeness
from tests.chaos.crew import Crew, Hand, Report
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.presence import await_online, stutters
from tests.chaos.revocation import Doomed
from tests.chaos.stage import Stage
from tests.chaos.vitals import growth, vitals

ROOM = "deck"
# Who talks and who only reads, on each machine, by the way they come.
TALKERS, READERS = 3, 3
WAYS = {0: ["polling"], 1: ["polling", "websocket"]}
# Seconds between two messages of a talker, for which they talk before a fault and after it, and until all are whole.
EVERY, BEFORE, AFTER = 0.2, 1.0, 3.0
WHOLE = 60.0


@dataclass
class Outcome:
    """`seconds` is the fault's length; `after` the seconds from its end until each was whole again, median and worst,
    `since` the same from its beginning. `seen` is what revoked people saw."""

    name: str
    seconds: float
    findings: Findings
    after: tuple[float, float]
    since: tuple[float, float]
    seen: list[str] = field(default_factory=list)
    stutters: list[str] = field(default_factory=list)
    grown: dict[int, str] = field(default_factory=dict)

    def check(self) -> None:
        self.findings.check()
        assert not self.seen, self.seen
        assert not self.stutters, self.stutters
        assert not self.grown, self.grown


class Scene:
    def __init__(self, stage: Stage, crew: Crew, room: str = ROOM) -> None:
        self.stage, self.crew, self.room = stage, crew, room
        self.number = 0
        places = range(len(stage.machines))
        self.talkers = [f"{room}-talker-{place}-{n}" for place in places for n in range(TALKERS)]
        self.readers = [f"{room}-reader-{place}-{n}" for place in places for n in range(READERS)]
        self.tokens = stage.people(room, self.talkers + self.readers)
        crew.open(*(self._hand(name) for name in self.names))
        crew.ready(self.names)

    @property
    def names(self) -> list[str]:
        return self.talkers + self.readers

    @property
    def owner(self) -> str:
        """Their token."""
        return self.tokens[self.talkers[0]]

    def _hand(self, name: str) -> Hand:
        *_, place, number = name.split("-")
        hand = Hand(name, self.stage.machines[int(place)].url, self.tokens[name], rooms=[self.room])
        if name in self.readers:
            hand.transports = WAYS.get(int(number), hand.transports)
        return hand

    def under(
        self, name: str, chance: Random, seconds: float | None = None, fault: Fault | None = None
    ) -> Outcome:
        fault = fault or FAULTS[name]
        seconds = fault.short if seconds is None else seconds
        self.number += 1
        doomed = Doomed(self.stage, self.crew, self.room, f"scene{self.number}", self.owner)
        before = vitals(self.stage)
        self.crew.talk(self.talkers, self.room, EVERY)
        time.sleep(BEFORE)
        began = time.time() * 1000
        self._strike(fault, seconds, chance, doomed)
        ended = time.time() * 1000
        time.sleep(AFTER)
        self.settle()
        return self._look(name, fault, (began, ended), doomed, before)

    def _strike(self, fault: Fault, seconds: float, chance: Random, doomed: Doomed) -> None:
        """The revocations are asked for in the middle of it."""
        errors: list[BaseException] = []

        def strike() -> None:
            try:
                fault.strike(self.stage, seconds, chance)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=strike)
        thread.start()
        time.sleep(seconds / 2)
        doomed.revoke()
        thread.join()
        if errors:
            raise errors[0]

    def settle(self) -> None:
        """Nobody talks any more, and all have all."""
        self.crew.hush(self.talkers)
        self.crew.ready(self.names, seconds=WHOLE)
        self.crew.ready(self.names, {self.room: self.stage.head(self.room)}, WHOLE)

    def _look(
        self, name: str, fault: Fault, times: tuple[float, float], doomed: Doomed, before: dict
    ) -> Outcome:
        await_online(self.stage, self.room, set(self.names), self.owner)
        everybody: list[Report] = self.crew.report()
        mine = [report for report in everybody if report["name"] in self.names]
        began, ended = times
        return Outcome(
            name,
            (ended - began) / 1000,
            audit(self.stage.postgres, self.room, mine, since=began - BEFORE * 1000),
            wholeness(mine, self.room, ended),
            wholeness(mine, self.room, began),
            doomed.seen_after(everybody),
            stutters(mine),
            growth(before, vitals(self.stage)),
        )
