import pytest

from tests.support import ROOT
from tests.support.servers.postgres import find
from tests.support.servers.redis import PROGRAM

HERE = ROOT / "tests" / "chaos"


def pytest_collection_modifyitems(items):
    """A stage needs both; the other tests here don't."""
    if not (PROGRAM and find("initdb")):
        for item in items:
            if item.path.is_relative_to(HERE) and hasattr(item.module, "Stage"):
                item.add_marker(pytest.mark.skip(reason="Redis or PostgreSQL is not installed"))
