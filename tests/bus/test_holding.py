"""What comes for a room waits while something is being stored for it here, and for nothing else."""

import pytest

from chatsite.bus.holding import LONGEST, Holding


@pytest.fixture
def holding():
    """`delivered` is what it let go, `timers` what was put off."""
    holding = Holding(lambda slug, data: holding.delivered.append((slug, data)))
    holding.delivered, holding.timers = [], []
    holding._later = lambda seconds, function, *arguments: holding.timers.append(
        (seconds, function, arguments)
    )
    return holding


def test_nothing_is_kept_where_nothing_is_stored(holding):
    holding.begin({"a"})
    assert not holding.keeps("b", b"1")
    holding.end({"a"})
    assert not holding.keeps("a", b"1")
    assert (holding.timers, holding.delivered) == ([], [])


def test_what_is_kept_goes_in_its_order_when_all_is_stored(holding):
    holding.begin({"a", "b"})
    holding.begin({"a"})
    for data in (b"1", b"2"):
        assert holding.keeps("a", data)
    holding.end({"a", "b"})
    assert holding.delivered == []
    holding.end({"a"})
    assert holding.delivered == [("a", b"1"), ("a", b"2")]


def test_it_waits_for_a_moment_at_most(holding):
    holding.begin({"a"})
    assert holding.keeps("a", b"1")
    assert holding.keeps("a", b"2")
    [(seconds, function, arguments)] = holding.timers
    assert seconds == LONGEST
    function(*arguments)
    assert holding.delivered == [("a", b"1"), ("a", b"2")]
    holding.end({"a"})
    function(*arguments)
    assert len(holding.delivered) == 2


def test_it_remembers_no_room(holding):
    holding.begin({"a"})
    holding.keeps("a", b"1")
    holding.end({"a"})
    assert (holding._storing, holding._held) == ({}, {})
