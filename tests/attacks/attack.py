"""One member or stranger against everybody else: what an attack is, and what others feel of it.

class Flood(Attack):
    name = "flood of wishes"

    def prepare(self, site): self.token = site.token(site.attacker)
    def strike(self, site, until): ...           # on until time.monotonic() >= until

with Probes(site) as probes:
    felt = measure(probes, Flood())
    felt.check(stretch)

`python -m tests.attacks` measures all of them and prints the table; the tests beside it run each in the suite, on SQLite.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import ClassVar

from tests.attacks.probe import Ack, Probes
from tests.attacks.site import Site
from tests.support.servers.harness import ANSWER

# Others' acks: the 99th percentile is at most this many times the calm one, and none takes longer than PAUSE_SECONDS.
RATIO, PAUSE_SECONDS = 3.0, 0.25
# A calm p99 below this many seconds is taken for it: on a quiet machine it is a few ms, and three times that is a
# single request's answer. The calm p99 that was seen when attacks were first tried was 18 to 48 ms.
CALM_FLOOR_SECONDS = 0.025
CALM_SECONDS, STRIKE_SECONDS = 1.5, 3.0
# In the suite: some ninety acks, whose worst ones tell.
SUITE_CALM_SECONDS, SUITE_STRIKE_SECONDS = 0.5, 1.6


class Attack:
    """`settings` are the environment of a site that it needs for itself; without any it shares one with others.
    `engines` are the databases on which it makes sense; `in_suite` is whether `./run test` has it, for
    `suite_seconds`. `ratio` and `pause` are what others may feel of it, the marks or, with a word why, more.
    `patience` is for how many seconds more it goes on where a busy machine keeps it from `enough`.
    `stretch` is how much slower than a quiet machine this one was meanwhile, for `check`
    (tests/support/run/machine_pace.py)."""

    name: ClassVar[str]
    settings: ClassVar[dict[str, str]] = {}
    engines: ClassVar[tuple[str, ...]] = ("sqlite", "postgresql")
    in_suite: ClassVar[bool] = True
    suite_seconds: ClassVar[float] = SUITE_STRIKE_SECONDS
    seconds: ClassVar[float] = STRIKE_SECONDS
    ratio: ClassVar[float] = RATIO
    pause: ClassVar[float] = PAUSE_SECONDS
    patience: ClassVar[float] = ANSWER
    stretch: float = 1.0

    def prepare(self, site: Site) -> None:
        """Make people, rooms, messages and connections before anything is measured."""

    def strike(self, site: Site, until: float) -> None:
        """Attack until `time.monotonic()` is `until`, from threads or processes of its own, which have ended then."""
        raise NotImplementedError

    @property
    def enough(self) -> bool:
        """Whether it has done what it means to do at least."""
        return True

    def goes_on(self, until: float) -> bool:
        """Return whether there is time left, or the attack hasn't done enough yet and has patience."""
        return time.monotonic() < (until if self.enough else until + self.patience)

    def check(self, site: Site) -> None:
        """Assert what else must hold after the attack, such as that it did what it meant to."""

    @property
    def done(self) -> str:
        """What it did and counted, in words for the table."""
        return ""


@dataclass
class Felt:
    """What the probes felt: seconds of each ack before (`calm`) and during the attack (`meanwhile`), the error codes that
    they were answered, and whether each worker lived through it. `worst` is what the longest ack of all waited for, and
    `unhindered` what both times were without waits for a processor."""

    name: str
    calm: list[float]
    meanwhile: list[float]
    refused: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    done: str = ""
    worst: str = ""
    unhindered: str = ""
    ratio: float = RATIO
    pause: float = PAUSE_SECONDS

    def check(self, stretch: float = 1.0, stalled: float = 0.0) -> None:
        """`stretch` is how much slower than a quiet machine this one is just now, and `stalled` for how many seconds it
        didn't run (tests/support/run/machine_pace.py)."""
        assert not self.killed, f"{self.killed} workers were killed; {self}"
        assert not self.refused, f"others were refused; {self}"
        assert self.meanwhile, "nobody was answered"
        most = self.ratio * max(percentile(self.calm, 99), CALM_FLOOR_SECONDS) * stretch
        assert percentile(self.meanwhile, 99) <= most, str(self)
        # Where even the calm time had a longer one, it was the machine's.
        assert max(self.meanwhile) <= max(self.pause, 2 * max(self.calm)) * stretch + stalled, str(self)

    def __str__(self) -> str:
        felt = f"calm {line(self.calm)} ms, meanwhile {line(self.meanwhile)} ms (p50/p99/worst)"
        return f"{self.name}: {felt}, longest {self.worst}; {self.done}"


def measure(probes: Probes, attack: Attack, calm: float = CALM_SECONDS, seconds: float | None = None) -> Felt:
    """Let the attack strike the site of the probes, `calm` seconds after they begin to send."""
    site = probes.site
    attack.prepare(site)
    workers = site.workers
    with probes.sending() as acks:
        stay_calm(acks, calm)
        began = time.monotonic()
        attack.strike(site, began + (seconds or attack.seconds))
        ended = time.monotonic()
    before = [ack for ack in acks if ack.at + ack.took < began]
    meanwhile = [ack for ack in acks if began <= ack.at + ack.took and ack.at <= ended]
    return Felt(
        attack.name,
        [ack.took for ack in before],
        [ack.took for ack in meanwhile],
        refused_of(acks),
        killed=len(set(workers) - set(site.workers)),
        done=attack.done,
        unhindered=" then ".join(line([ack.unhindered for ack in some]) for some in (before, meanwhile)),
        worst=max(meanwhile, key=lambda ack: ack.took).why if meanwhile else "",
        ratio=attack.ratio,
        pause=attack.pause,
    )


def stay_calm(acks: list[Ack], seconds: float) -> None:
    """Wait; longer where the machine is so busy that nobody was answered in that time."""
    time.sleep(seconds)
    deadline = time.monotonic() + ANSWER
    while not acks and time.monotonic() < deadline:
        time.sleep(0.01)


def refused_of(acks: list[Ack]) -> Counter[str]:
    return Counter(ack.code for ack in acks if ack.code)


def percentile(values: list[float], percent: float) -> float:
    """Return the value below which so many of them are. Of fewer than a hundred the 99th percentile isn't the worst one,
    which a busy machine may have kept."""
    ordered = sorted(values)
    return ordered[int((len(ordered) - 1) * percent / 100)]


def line(values: list[float]) -> str:
    if not values:
        return "none"
    return "/".join(
        f"{1000 * value:.0f}" for value in (percentile(values, 50), percentile(values, 99), max(values))
    )
