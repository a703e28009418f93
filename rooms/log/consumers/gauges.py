"""Gauges of the consumers that this process runs, for Prometheus: by the last poll, so that a scrape makes no query."""

from collections.abc import Collection, Iterator

from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from rooms.log.consumers.runner import Runner


def of_runners(runners: Collection[Runner]) -> Iterator[Metric]:
    """Yield what a process knows of consumers whose lease it has."""
    lag = GaugeMetricFamily(
        "chatsite_consumer_lag", "Lines of rooms' logs that a consumer hasn't read", labels=["consumer"]
    )
    oldest = GaugeMetricFamily(
        "chatsite_consumer_oldest_seconds", "Age of the oldest line that it hasn't read", labels=["consumer"]
    )
    waiting = GaugeMetricFamily(
        "chatsite_consumer_retries", "Lines that it couldn't handle", labels=["consumer", "state"]
    )
    for runner in runners:
        if runner.holds:
            name = runner.consumer.name
            lag.add_metric([name], 0 if runner.idle else runner.behind)
            oldest.add_metric([name], age(runner))
            waiting.add_metric([name, "waiting"], runner.waiting)
            waiting.add_metric([name, "failed"], runner.failed)
    yield from (lag, oldest, waiting)


def age(runner: Runner) -> float:
    """Return the seconds since the oldest line that isn't read was written."""
    if runner.idle or runner.since is None:
        return 0.0
    return max(0.0, (timezone.now() - runner.since).total_seconds())
