"""Sample the lag of the hub: how late a timer fires. Whatever computes or blocks for too long shows here."""

from time import monotonic

from eventlet import hubs

from chatsite.observability.metrics import counters

# A shorter block is seen in only some of the samples, in proportion to its length.
SAMPLE_INTERVAL_SECONDS = 1.0


class LagSampler:
    def __init__(self) -> None:
        self._due = 0.0

    def start(self) -> None:
        """Schedule the next sample. Call it once, in the server's process; each sample calls it again."""
        self._due = monotonic() + SAMPLE_INTERVAL_SECONDS
        hubs.get_hub().schedule_call_global(SAMPLE_INTERVAL_SECONDS, self._sample)

    def _sample(self) -> None:
        counters.hub_lag.note(max(0.0, monotonic() - self._due))
        self.start()


lag = LagSampler()
