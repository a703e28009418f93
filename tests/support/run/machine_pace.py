"""Pace of the machine: how many times longer a program takes than on a quiet one, for promises of seconds.

with Pace() as pace:
    took = …
    assert took < 2 * pace.stretch, pace

`stretch` is the worst since the beginning, and 1 at least. A deadline in which something has to happen at all needs no
stretch: it is generous.
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
    print(time.monotonic() - began, flush=True)
    if select.select([sys.stdin], [], [], {PAUSE})[0]:
        break
"""


class Pace:
    def __enter__(self) -> Self:
        self._worst, self._some = 0.0, threading.Event()
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
        return f"the machine was {self.stretch:.1f} times as slow as a quiet one"

    @property
    def stretch(self) -> float:
        assert self._some.wait(60)
        return max(1.0, self._worst / QUIET)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._worst = max(self._worst, float(line))
            self._some.set()
