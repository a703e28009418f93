"""A wakeup for one greenlet."""

from eventlet.event import Event


class Wakeup:
    """Wakes the one greenlet that waits for it; set while nobody waits, it wakes the next wait at once."""

    def __init__(self) -> None:
        self._event: Event = Event()

    def set(self) -> None:
        if not self._event.ready():
            self._event.send()

    def wait(self, seconds: float | None = None) -> None:
        self._event.wait(timeout=seconds)
        if self._event.ready():
            self._event = Event()
