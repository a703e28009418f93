"""Nobody can hold up the others: each attack, and what other members feel of it meanwhile."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.attacks.attack import measure
from tests.attacks.kinds import attacks
from tests.attacks.site import attacked
from tests.pace import Pace

pytestmark = [pytest.mark.realtime, pytest.mark.serial, pytest.mark.timeout(600)]

KINDS = attacks()


@pytest.fixture(scope="module")
def site_for(tmp_path_factory) -> Iterator:
    """`site_for(kind)` is a site on SQLite; attacks that need no settings of their own share one."""
    with ExitStack() as stack:
        sites: dict[tuple, object] = {}

        def site_for(kind):
            key = tuple(sorted(kind.settings.items()))
            if key not in sites:
                folder = tmp_path_factory.mktemp("attacked")
                sites[key] = stack.enter_context(attacked(folder, **kind.settings))
            return sites[key]

        yield site_for


@pytest.mark.parametrize("name", sorted(name for name, kind in KINDS.items() if "sqlite" in kind.engines))
def test_others_are_served_meanwhile(site_for, name):
    attack = KINDS[name]()
    site = site_for(KINDS[name])
    with Pace() as pace:
        felt = measure(site, attack, calm=2.0, seconds=min(attack.seconds, 4.0))
        stretch = pace.stretch
    felt.check(stretch)
    attack.check(site)
