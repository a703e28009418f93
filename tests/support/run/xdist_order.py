"""Distribution of tests among the workers of pytest-xdist, and their order."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support import ROOT
from tests.support.run.marks import STARTING

# A worker starts the server and the browser for all of a half: one alone would take the longest of all.
TOGETHER, SECOND_HALF = "tests/browser/", "tests/browser/test_m"
# Files of long tests that share nothing.
APART = (
    "tests/database/test_apps_on_postgresql.py",
    "tests/realtime/load/test_churn.py",
    "tests/realtime/load/test_socket_costs.py",
)
# Each takes a quarter of a minute or more. One that began last would have the other workers wait.
FIRST = [
    # Before what computes all the time, and fills the processors when all workers begin with it.
    "tests/chaos/test_faults.py",
    TOGETHER,
    "tests/database/test_apps_on_postgresql.py",
    "tests/chaos/",
    "tests/operations/test_deploy.py",
    "tests/operations/test_doctor.py",
    "tests/operations/test_backup.py",
    "tests/realtime/load/test_churn.py",
    "tests/realtime/load/test_socket_costs.py",
    "tests/web/test_security_policy.py",
    "tests/scale/",
    "tests/realtime/cluster/test_faults.py",
    "tests/accounts/presence/test_processes.py",
    "tests/realtime/cluster/test_delivery.py",
    "tests/realtime/load/test_reconnect_storm.py",
    "tests/realtime/worker/test_rolling_restart.py",
    "tests/operations/test_run.py",
    "tests/operations/test_demo.py",
    "tests/accounts/signup/test_single_use.py",
    "tests/realtime/cluster/test_failover.py",
    "tests/database/test_connection_quota.py",
    "tests/realtime/engineio/",
    "tests/realtime/http/test_http_server.py",
    "tests/project/test_documents.py",
    "tests/database/",
    "tests/files/test_store.py",
    "tests/operations/test_backup_files.py",
    "tests/messaging/search/test_sending_meanwhile.py",
    "tests/web/test_caching.py",
    "tests/web/rest/",
]
# Not beside other attacks, which take as much of the processors.
LAST = "tests/attacks/test_large_site.py"


class ByFile(LoadScopeScheduling):
    """Schedule a file's tests on one worker, as they share servers."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(TOGETHER):
            return SECOND_HALF if nodeid >= SECOND_HALF else TOGETHER
        return nodeid if nodeid.startswith(APART) else nodeid.partition("::")[0]


def order(items: list[pytest.Item]) -> None:
    """Sort the tests: long ones first, then files that wait for servers alternating with files that only compute, as
    either kind alone leaves processors or workers idle. The last are short."""
    waiting = {item.path for item in items if any(item.get_closest_marker(mark) for mark in STARTING)}
    computing = {item.path for item in items} - waiting
    places = {path: (len(FIRST), share) for files in (waiting, computing) for path, share in shares(files)}
    for path in places:
        name = path.relative_to(ROOT).as_posix()
        if (first := next((n for n, start in enumerate(FIRST) if name.startswith(start)), None)) is not None:
            places[path] = first, 0.0
        elif name == LAST:
            places[path] = len(FIRST) + 1, 0.0
    items.sort(key=lambda item: (places[item.path], item.path))


def shares(files: Iterable[Path]) -> list[tuple[Path, float]]:
    """Return each file with its place among them, from 0 to 1."""
    ordered = sorted(files)
    return [(path, number / len(ordered)) for number, path in enumerate(ordered)]
