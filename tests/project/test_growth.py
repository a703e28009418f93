"""The page on scale: its tables are those of the results, and its plan follows from them."""

import json
from dataclasses import replace

import pytest

from benchmarks.growth import tables
from benchmarks.growth.command import DOCUMENT, RESULTS
from benchmarks.growth.planning import ROOM, SOCKETS, Load, Measured, measured


@pytest.fixture(scope="module")
def found():
    return json.loads(RESULTS.read_text())


@pytest.fixture(scope="module")
def of(found) -> Measured:
    return measured(found)


def test_the_page_has_the_results(found):
    assert f"<!-- results -->\n{tables.text(found)}\n<!-- /results -->" in DOCUMENT.read_text()


def test_a_rooms_people_are_on_no_more_processes_than_there_are_or_than_they_are(of):
    load = Load(100_000, of)
    assert load.hearing(1) == 1
    assert all(1 <= load.hearing(count) <= min(count, ROOM) for count in (2, 10, 1_000, 100_000))


def test_the_processes_have_the_cores_and_no_more_sockets_than_were_measured(of):
    for people in (1_000, 100_000, 1_000_000):
        load = Load(people, of)
        assert load.cpu(load.processes) <= load.processes / 2
        assert people <= load.processes * SOCKETS


def test_what_costs_more_needs_more(of):
    dear = Load(1_000_000, replace(of, message=10 * of.message, stored=10 * of.stored))
    load = Load(1_000_000, of)
    assert dear.processes > load.processes
    assert dear.database > load.database
