"""Commits to SQLite: by themselves where the disk is quick, otherwise in a thread while the loop goes on."""

from collections.abc import Callable
from time import monotonic

from chatsite.realtime.scheduling.background import in_thread

# Seconds of a commit from which on the loop doesn't wait for it: to hand it to a thread and back takes 0.15 ms, and the
# thread's end may have to wait for the interpreter. With one message in flight a sixth of the rate.
SLOW_SECONDS = 0.001
# What one commit counts for in the average: one of 8 ms is enough.
WEIGHT = 1 / 8
# A slow disk is tried again after so many times what the last commit took: a hundredth of the time at most.
REST_FACTOR = 100


class Commits:
    """Commits, and notes how long that takes."""

    def __init__(self) -> None:
        self._usual = 0.0
        self._try_at = 0.0

    def run(self, commit: Callable[[], object]) -> None:
        """Call `commit`, here or in a thread."""
        began, slow = monotonic(), self._usual >= SLOW_SECONDS
        if slow and began < self._try_at:
            in_thread(commit)
            return
        try:
            commit()
        finally:
            took = monotonic() - began
            self._usual = took if slow else self._usual + (took - self._usual) * WEIGHT
            self._try_at = began + took * REST_FACTOR


commits = Commits()
