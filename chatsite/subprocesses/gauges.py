"""Gauge of child processes for Prometheus."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from chatsite.subprocesses.supervisor import Child


def of_children() -> Iterator[Metric]:
    """Yield how many children of each kind this process has."""
    family = GaugeMetricFamily("chatsite_children", "Child processes", labels=["kind"])
    for child in sorted(Child.all, key=lambda child: child.kind.name):
        family.add_metric([child.kind.name], child.pid is not None)
    yield family
