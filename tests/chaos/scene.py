"""A scene: a crew talks on a stage while a fault strikes, and is looked over once all are whole again.

with Stage(tmp_path) as stage, Crew() as crew:
    scene = Scene(stage, crew)
    outcome = scene.under("redis killed", Random(1))        # or under(fault=Fault(…), name=…)
    outcome.check()
"""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from random import Random

from tests.chaos.audit import audit, wholeness
from tests.chaos.crew import Crew, Hand, Report
from tests.chaos.faults import FAULTS, Fault, await_workers
from tests.chaos.outcome import Outcome
from tests.chaos.presence import ghosts, stutters
from tests.chaos.revocation import Doomed, names
from tests.chaos.stage import Stage
from tests.chaos.vitals import Vitals, grown, lingering, vitals

ROOM = "deck"
# Who talks and who only reads, on each machine, by the way they come.
TALKERS, READERS = 4, 3
WAYS = {0: ["polling"], 1: ["polling", "websocket"]}
# Seconds between two messages of a talker, those for which they talk before a fault and after it, and until all are whole.
EVERY, BEFORE, AFTER = 0.1, 1.0, 2.0
WHOLE = 120.0

# Of a fault: its beginning and its end, in milliseconds since 1970.
Times = tuple[float, float]


class Scene:
    def __init__(
        self, stage: Stage, crew: Crew, room: str = ROOM, scenes: int = 20, every: float = EVERY
    ) -> None:
        """`scenes` is how often `under` may be called, `every` the seconds between two messages of a talker."""
        self.every = every
        self.stage, self.crew, self.room = stage, crew, room
        places = range(len(stage.machines))
        self.talkers = [f"{room}-talker-{place}-{n}" for place in places for n in range(TALKERS)]
        self.readers = [f"{room}-reader-{place}-{n}" for place in places for n in range(READERS)]
        doomed = [names(f"{room}{scene}", len(stage.machines)) for scene in range(scenes)]
        self.tokens = stage.people(room, self.names + list(chain(*doomed)))
        self._doomed = iter(doomed)
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
        url, patience = self.stage.machines[int(place)].url, self.stage.patience
        hand = Hand(name, url, self.tokens[name], rooms=[self.room], patience=patience)
        if name in self.readers:
            hand.transports = WAYS.get(int(number), hand.transports)
        return hand

    def under(
        self, name: str, chance: Random, seconds: float | None = None, fault: Fault | None = None
    ) -> Outcome:
        """Without `seconds` the short form."""
        fault = fault or FAULTS[name]
        seconds = fault.short if seconds is None else seconds
        tokens = {name: self.tokens[name] for name in next(self._doomed)}
        doomed = Doomed(self.stage, self.crew, self.room, tokens, self.owner)
        before = vitals(self.stage)
        self.crew.talk(self.talkers, self.room, self.every)
        time.sleep(BEFORE)
        times = self._strike(fault, seconds, chance, doomed)
        time.sleep(AFTER)
        self.settle()
        outcome = self._look(name, times, doomed, before)
        self.crew.close(doomed.names)
        return outcome

    def _strike(self, fault: Fault, seconds: float, chance: Random, doomed: Doomed) -> Times:
        """The revocations are asked for soon after it began."""

        def strike() -> Times:
            began = time.time() * 1000
            fault.strike(self.stage, seconds, chance)
            return began, time.time() * 1000

        with ThreadPoolExecutor(1) as pool:
            times = pool.submit(strike)
            time.sleep(seconds / 8)
            doomed.revoke()
            return times.result()

    def settle(self) -> None:
        """Nobody talks any more, all have all, and each machine has its workers."""
        for machine in self.stage.machines:
            await_workers(machine)
        self.crew.hush(self.talkers)
        self.crew.ready(self.names, seconds=WHOLE)
        self.crew.ready(self.names, {self.room: self.stage.head(self.room)}, WHOLE)

    def ghosts(self) -> list[str]:
        """Who isn't shown as they are, though there was time: a process that was killed takes its people along in 20 s."""
        return ghosts(self.stage, self.room, set(self.names), self.owner)

    def leftovers(self) -> list[str]:
        """Ghosts, and connections to PostgreSQL that are still open."""
        return self.ghosts() + lingering(self.stage)

    def _look(self, name: str, times: Times, doomed: Doomed, before: dict[int, Vitals]) -> Outcome:
        everybody: list[Report] = self.crew.report(self.names + doomed.names)
        mine = [report for report in everybody if report["name"] in self.names]
        began, ended = times
        return Outcome(
            name,
            (ended - began) / 1000,
            audit(self.stage.postgres, self.room, mine, since=began - BEFORE * 1000),
            wholeness(mine, self.room, ended),
            wholeness(mine, self.room, began),
            doomed.seen_after(everybody),
            stutters(mine, began),
            grown(self.stage, before),
            waited=max(revocation.waited for revocation in doomed.revocations),
        )
