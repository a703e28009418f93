import pytest

from tests.bus.redis import PROGRAM
from tests.realtime.harness import ROOT
from tests.realtime.postgres import find

HERE = ROOT / "tests" / "chaos"


def pytest_collection_modifyitems(items):
    """A stage needs both; the other tests here don't."""
    if not (PROGRAM and find("initdb")):
        for item in items:
            if item.path.is_relative_to(HERE) and hasattr(item.module, "Stage"):
                item.add_marker(pytest.mark.skip(reason="Redis or PostgreSQL is not installed"))
