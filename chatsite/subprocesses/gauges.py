"""Gauge of child processes for Prometheus."""

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from chatsite.subprocesses.supervisor import Child


def of_children(children: Iterable[Child]) -> Iterator[Metric]:
    """Yield how many of these children run now."""
    family = GaugeMetricFamily("chatsite_children", "Child processes", labels=["kind"])
    counts: Counter[str] = Counter()
    for child in children:
        counts[child.kind.name] += child.pid is not None
    for kind, count in counts.items():
        family.add_metric([kind], count)
    yield family
