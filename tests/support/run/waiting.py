"""Wait for what happens a moment later, in a time that is generous."""

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> float:
    """Wait until `condition()` is true; return the seconds that it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + seconds, "it didn't happen in time"
        time.sleep(0.02)
    return time.monotonic() - began
