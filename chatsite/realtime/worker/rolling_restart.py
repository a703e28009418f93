"""Rolling restart (SIGHUP): an old worker serves on until as many younger ones do.

gunicorn tells the old workers to go as soon as it has started the new ones, seconds before these have loaded
the site. They know of each other by files in the folder of the hand-off; a worker's age is the number
gunicorn gave it, which only grows. The file `old` holds the highest age of those to be replaced,
`serving.<age>` exists while that worker accepts connections, and `end` once the whole site is to stop.
"""

import logging
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger("chatsite.realtime")


class RollingRestart:
    """One worker's part. `folder` is None where there is a single worker, which goes when told to."""

    def __init__(self, folder: Path | None, age: int, workers: int) -> None:
        self.folder, self.age, self.workers = folder, age, workers
        self.begun = False

    def begin(self) -> None:
        """Note that this worker accepts connections."""
        self.begun = True
        if self.folder is not None:
            (self.folder / f"serving.{self.age}").touch()

    def may_go(self) -> bool:
        """Return whether this worker, told to go, is replaced, or the whole site stops."""
        if self.folder is None or not self._replaced() or (self.folder / "end").exists():
            return True
        return len([age for age in self._serving() if age > self.age]) >= self.workers

    def has_predecessors(self) -> bool:
        """Return whether others serve the site, should this worker fail to start."""
        return not self._replaced() and any(age <= self._old() for age in self._serving())

    def has_gap(self) -> bool:
        """Return whether some predecessors are gone, so that gunicorn starts the next worker at once."""
        return len(self._serving()) < self.workers

    def _replaced(self) -> bool:
        return self.age <= self._old()

    def _old(self) -> int:
        try:
            return int((self.folder / "old").read_text()) if self.folder is not None else 0
        except (OSError, ValueError):
            return 0

    def _serving(self) -> list[int]:
        return [int(path.suffix[1:]) for path in self.folder.glob("serving.*")] if self.folder else []


def replace(folder: Path, age: int) -> None:
    """Have workers up to that age replaced by those started next. For gunicorn's main process."""
    try:
        (folder / "end").unlink(missing_ok=True)
        (folder / "new").write_text(str(age))
        (folder / "new").rename(folder / "old")
    except OSError as error:
        logger.warning("the old processes won't wait for the new ones: %s", error)


def end(folder: Path) -> None:
    """Note that the whole site stops, so that no worker waits for another. Called before they are told to go."""
    with suppress(OSError):
        (folder / "end").touch()


def forget(folder: Path, age: int) -> None:
    """Note that the worker is gone, however it went."""
    with suppress(OSError):
        (folder / f"serving.{age}").unlink(missing_ok=True)
