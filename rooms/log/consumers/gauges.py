"""Gauges of the consumers that this process runs, for Prometheus: by the last poll, so that a scrape makes no query."""

from collections.abc import Collection, Iterator

from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from rooms.log.consumers.runner import Runner

# Name without `chatsite_`, help text, labels.
GAUGES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("consumer_lag", "Lines of rooms' logs that a consumer hasn't read", ("consumer",)),
    ("consumer_oldest_seconds", "Age of the oldest line that it hasn't read", ("consumer",)),
    ("consumer_retries", "Lines that it couldn't handle", ("consumer", "state")),
)


def of_runners(runners: Collection[Runner]) -> Iterator[Metric]:
    """Yield what a process knows of consumers whose lease it has."""
    families = [GaugeMetricFamily(f"chatsite_{name}", says, labels=labels) for name, says, labels in GAUGES]
    lag, oldest, put_aside = families
    for runner in runners:
        if runner.holds:
            name = runner.consumer.name
            lag.add_metric([name], 0 if runner.idle else runner.behind)
            oldest.add_metric([name], age(runner))
            put_aside.add_metric([name, "waiting"], runner.waiting)
            put_aside.add_metric([name, "failed"], runner.failed)
    yield from families


def age(runner: Runner) -> float:
    """Return the seconds since the oldest line that isn't read was written."""
    if runner.idle or runner.since is None:
        return 0.0
    return max(0.0, (timezone.now() - runner.since).total_seconds())
