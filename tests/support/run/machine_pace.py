"""Pace of the machine: how many times longer a program takes than on a quiet one, for promises of seconds.

with Pace() as pace:
    took = …
    assert took < pace.allowed(2), pace

`stretch` is the worst since the beginning, and 1 at least; `stalled` is for how many seconds at most it didn't run at all. A
deadline in which something has to happen at all needs neither: it is generous.
"""

import subprocess
import sys
import threading
from typing import Self

# Seconds of a piece of work on the machine of docs/performance.md with nothing beside it, and the pause between two pieces:
# together a tenth of a core.
QUIET, PAUSE = 0.02, 0.2
WORK = f"""
import select, sys, time
slept = 0.0
while True:
    began, total = time.monotonic(), 0
    for n in range(300_000):
        total += n
    ended = time.monotonic()
    print(ended - began, slept, flush=True)
    if select.select([sys.stdin], [], [], {PAUSE})[0]:
        break
    slept = time.monotonic() - ended
"""


class Pace:
    def __enter__(self) -> Self:
        self._worst, self._slept, self._some = 0.0, 0.0, threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()
        self._reader.join()

    def __str__(self) -> str:
        return f"the machine was {self.stretch:.1f} times as slow as a quiet one, and stalled for {self.stalled:.1f} s"

    @property
    def stretch(self) -> float:
        assert self._some.wait(60)
        return max(1.0, self._worst / QUIET)

    @property
    def stalled(self) -> float:
        return max(0.0, self._slept - PAUSE)

    def allowed(self, seconds: float) -> float:
        """Return how long may take here what takes so many seconds on a quiet machine."""
        return seconds * self.stretch + self.stalled

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            worked, slept = map(float, line.split())
            self._worst, self._slept = max(self._worst, worked), max(self._slept, slept)
            self._some.set()
