"""A clock that a program believes and we move: `Clock(folder).settings` is its environment, `move(seconds)` sets it."""

import shutil
import subprocess
import time
from pathlib import Path
from random import Random

from tests.chaos.stage import Stage
from tests.chaos.strains import Strain

SOURCE = Path(__file__).with_name("clock.c")
COMPILER = shutil.which("cc")
HOUR = 3600


class Clock:
    def __init__(self, folder: Path) -> None:
        self.file, self.library = folder / "ahead", folder / "clock.so"
        self.move(0)
        assert COMPILER
        subprocess.run([COMPILER, "-shared", "-fPIC", "-o", self.library, SOURCE], check=True)

    @property
    def settings(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "CLOCK_FILE": str(self.file)}

    def move(self, seconds: int) -> None:
        """From the true time, at once."""
        with self.file.open("r+b" if self.file.exists() else "wb") as file:
            file.write(seconds.to_bytes(8, "little", signed=True))


class Moved(Strain):
    """An hour ahead, an hour behind, and back again."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def bear(self, stage: Stage, seconds: float, chance: Random) -> None:
        for hours in (1, -1, 0):
            self.clock.move(hours * HOUR)
            time.sleep(seconds / 3)
