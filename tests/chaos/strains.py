"""Faults of which one counts what it did: `strain.strike` is a Fault's, and `calm`, `strained` what others felt of it."""

import time
from random import Random
from statistics import median

from tests.chaos.crew import Report
from tests.chaos.stage import Stage

# Of a second before it and while it lasted: others' acks may take so many times as long, and are quick below so many ms.
RATIO, QUICK = 20, 20.0


class Strain:
    """Moments in milliseconds since 1970."""

    began = ended = 0.0

    def strike(self, stage: Stage, seconds: float, chance: Random) -> None:
        self.began = time.time() * 1000
        self.bear(stage, seconds, chance)
        self.ended = time.time() * 1000

    def bear(self, stage: Stage, seconds: float, chance: Random) -> None:
        raise NotImplementedError

    @property
    def done(self) -> str:
        """What it did and counted, in words."""
        return ""

    def calm(self, reports: list[Report]) -> float:
        # A machine that stood still just then has none, and QUICK is what counts.
        return median(acks(reports, self.began - 1000, self.began) or [0.0])

    def strained(self, reports: list[Report]) -> float:
        return median(acks(reports, self.began, self.ended))

    def check_others(self, reports: list[Report]) -> None:
        calm, strained = self.calm(reports), self.strained(reports)
        assert strained < RATIO * max(calm, QUICK), f"{calm} ms before, {strained} ms meanwhile"


def acks(reports: list[Report], since: float, until: float) -> list[float]:
    """Milliseconds from the first try to the ack, of what was begun in that time."""
    return [
        said["stored"] - said["at"]
        for report in reports
        for said in report["sent"]
        if said.get("stored") and since <= said["at"] <= until
    ]
