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
while True:
    began, total = time.monotonic(), 0
    for n in range(300_000):
        total += n
    ended = time.monotonic()
    print("worked", ended - began, flush=True)
    over = select.select([sys.stdin], [], [], {PAUSE})[0]
    print("slept", time.monotonic() - ended, flush=True)
    if over:
        break
"""


class Pace:
    def __enter__(self) -> Self:
        self._worst, self._slept = 0.0, 0.0
        self._some, self._next = threading.Event(), threading.Event()
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
        """Return how long may take here what takes so many seconds on a quiet machine. What was just now is known with the
        next word."""
        self._next.clear()
        self._next.wait(2)
        return seconds * self.stretch + self.stalled

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            what, seconds = line.split()
            if what == "worked":
                self._worst = max(self._worst, float(seconds))
            else:
                self._slept = max(self._slept, float(seconds))
            self._some.set()
            self._next.set()
