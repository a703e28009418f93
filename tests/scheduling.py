"""Which worker of pytest-xdist runs what, and when."""

from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent
# One worker starts the server and the browser for all of it.
TOGETHER = "tests/browser/"
# Each takes half a minute or more. One that began last would have the other workers wait.
FIRST = [
    TOGETHER,
    "tests/chaos/",
    "tests/test_postgresql.py",
    "tests/project/test_deploy.py",
    "tests/project/test_doctor.py",
    "tests/project/test_backup.py",
    "tests/realtime/test_churn.py",
    "tests/realtime/test_slopes.py",
    "tests/project/test_policy.py",
    "tests/bus/test_faults.py",
    "tests/bus/test_presence.py",
    "tests/bus/test_delivery.py",
    "tests/realtime/test_storm.py",
]


class ByFile(LoadScopeScheduling):
    """A file's tests share servers, so they stay with one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid.partition("::")[0]


def place(path: Path) -> int:
    name = path.relative_to(ROOT).as_posix()
    return next((place for place, first in enumerate(FIRST) if name.startswith(first)), len(FIRST))
