"""The dashboard and the alerts ask for what `/metrics` has."""

import json
import re

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from tests.support import ROOT

DEPLOY = ROOT / "deploy"
# Of Prometheus itself.
FOREIGN = {"up"}
# Where there are several processes; test_workers.py looks whether they are there.
BETWEEN = ("chatsite_bus_", "chatsite_worker_")
WORDS = {"sum", "rate", "by", "topk", "changes", "histogram_quantile", "job", "instance", "le"}


def dashboard():
    return json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())


def rules():
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions():
    panels = [target for panel in dashboard()["panels"] for target in panel.get("targets", [])]
    return [one["expr"] for one in [*panels, *dashboard()["annotations"]["list"], *rules()]]


def exposed():
    """Every metric with its labels, whether it has a value yet or not."""
    from chatsite import urls  # noqa: F401 (adds the server's gauges to the collector's)
    from chatsite.observability.metrics import collector
    from rooms.log.consumers.gauges import GAUGES

    found = {f"chatsite_{name}": {*labels} for name, _, labels in GAUGES}
    for name, _, labels, _ in (*collector.COUNTERS, ("deliveries", "", ("event",), None)):
        found[f"chatsite_{name}_total"] = {*labels}
    for name, _, labels, _ in collector.HISTOGRAMS:
        found |= {f"chatsite_{name}_{end}": {*labels} for end in ("sum", "count")}
        found[f"chatsite_{name}_bucket"] = {*labels, "le"}
    for family in REGISTRY.collect():
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def without_values(expression):
    return re.sub(r'"[^"]*"', '""', expression)


def names_in(expression):
    bare = without_values(expression)
    return set(re.findall(r"\b((?:chatsite|process|up)[a-z_]*)\b(?=[{\[)]|\s*[<>=]|$)", bare)) - FOREIGN


@pytest.mark.django_db
@pytest.mark.parametrize("expression", expressions())
def test_what_is_asked_for_is_there(expression):
    known = exposed()
    bare = without_values(expression)
    names = {name for name in names_in(expression) if not name.startswith(BETWEEN)}
    assert names <= known.keys(), expression
    assert names or "up{" in expression or any(name in expression for name in BETWEEN)
    labels = {label for name in names for label in known[name]} | {"instance", "job", "worker"}
    asked = set(re.findall(r"(\w+)\s*(?:=~|!=|=)\s*\"", bare))
    grouped = {one.strip() for group in re.findall(r"by \(([^)]*)\)", bare) for one in group.split(",")}
    assert asked | grouped <= labels, expression


def test_the_regular_expression_above_finds_what_is_wrong():
    with pytest.raises(AssertionError):
        test_what_is_asked_for_is_there('sum(rate(chatsite_nothing_total{instance=~"$instance"}[5m]))')
    with pytest.raises(AssertionError):
        test_what_is_asked_for_is_there("sum by (room) (rate(chatsite_events_total[5m]))")


def test_the_dashboards_panels_have_places_and_numbers_of_their_own():
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_metric_of_ours_is_shown_somewhere():
    shown = " ".join(expressions())
    from chatsite.observability.metrics import collector
    from rooms.log.consumers.gauges import GAUGES

    ours = {f"chatsite_{name}" for name, *_ in (*collector.COUNTERS, *collector.HISTOGRAMS, *GAUGES)}
    assert {name for name in ours if name not in shown} == set()


def test_an_alert_says_what_to_do():
    for rule in rules():
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert rule["labels"]["severity"] in ("page", "warn")


@pytest.mark.django_db
def test_the_format_is_prometheus_own(client):
    text = client.get("/metrics", SERVER_NAME="localhost").content.decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {"chatsite_connections", "chatsite_hub_lag_seconds", "process_open_fds"} <= families.keys()
    assert families["chatsite_build_info"].samples[0].labels["version"]
    assert all(family.documentation for family in families.values())
