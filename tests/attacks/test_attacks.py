"""Nobody can hold up the others: each attack, and what other members feel of it meanwhile."""

import pytest

from tests.attacks.kinds import in_suite
from tests.attacks.kinds.large_site import OnLargeSite

pytestmark = [pytest.mark.realtime, pytest.mark.serial, pytest.mark.timeout(600)]

KINDS = {name: kind for name, kind in in_suite().items() if not issubclass(kind, OnLargeSite)}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_others_are_served_meanwhile(strike, name):
    strike(KINDS[name])
