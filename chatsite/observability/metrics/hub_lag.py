"""How late the hub is. It serves everybody in turn, so whatever computes or blocks for too long shows here."""

from time import monotonic

from eventlet import hubs

from chatsite.observability.metrics import counters

# Seconds between two looks. What blocks for less shows in its share of them.
SAMPLE_INTERVAL_SECONDS = 1.0


class LagSampler:
    def __init__(self) -> None:
        self._due = 0.0

    def start(self) -> None:
        """Once, in the server's process."""
        self._due = monotonic() + SAMPLE_INTERVAL_SECONDS
        hubs.get_hub().schedule_call_global(SAMPLE_INTERVAL_SECONDS, self._sample)

    def _sample(self) -> None:
        counters.hub_lag.note(max(0.0, monotonic() - self._due))
        self.start()


lag = LagSampler()
