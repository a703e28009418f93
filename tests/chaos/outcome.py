"""What came of a fault."""

from dataclasses import dataclass, field

from tests.chaos.audit import Findings


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
    leftovers: list[str] = field(default_factory=list)
    # Of the revocations' answers, the longest.
    waited: float = 0.0

    @property
    def complaints(self) -> list[str]:
        found = self.findings
        return [
            *(f"lost: {client_id}" for client_id in found.lost),
            *(f"doubled: {client_id}" for client_id in found.doubled),
            *found.disorder,
            *self.seen,
            *self.stutters,
            *self.leftovers,
            *(f"worker {pid} holds {more}" for pid, more in self.grown.items()),
        ]

    def check(self) -> None:
        assert self.complaints == []
        assert self.findings.acknowledged, "nothing was said"
