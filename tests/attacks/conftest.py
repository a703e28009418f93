"""A site that the suite's attacks strike."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.attacks.attack import SUITE_CALM_SECONDS, Attack, measure
from tests.attacks.probe import Probes
from tests.attacks.site import attacked
from tests.support.run.machine_pace import Pace


@pytest.fixture(scope="module")
def strike(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[type[Attack]], None]]:
    """`strike(kind)` fails where others feel more than they may. Those of a file that need the same settings share a site
    on SQLite."""
    with ExitStack() as stack:
        sites: dict[tuple[tuple[str, str], ...], Probes] = {}

        def probes_for(kind: type[Attack]) -> Probes:
            key = tuple(sorted(kind.settings.items()))
            if key not in sites:
                site = stack.enter_context(attacked(tmp_path_factory.mktemp("attacked"), **kind.settings))
                sites[key] = stack.enter_context(Probes(site))
            return sites[key]

        def strike(kind: type[Attack]) -> None:
            try:
                strike_once(probes_for(kind), kind())
            except AssertionError:
                # Of so few acks two that the machine kept are the 99th percentile. What is the server's comes again.
                strike_once(probes_for(kind), kind())

        yield strike


def strike_once(probes: Probes, attack: Attack) -> None:
    probes.site.change_attacker()
    with Pace() as pace:
        felt = measure(probes, attack, SUITE_CALM_SECONDS, attack.suite_seconds)
        attack.stretch = pace.stretch
    felt.check(attack.stretch, pace.stalled)
    attack.check(probes.site)
