"""While something is being stored in a room, what comes for it waits, and what goes out goes together; and nothing else."""

import pytest

from chatsite.realtime.cluster.coalescer import MAX_HOLD_SECONDS, PARCEL_BYTES, Coalescer


@pytest.fixture
def holding():
    """`published` and `delivered` are what it let go, `timers` what was put off."""
    holding = Coalescer(
        lambda *parcel: holding.published.append(parcel), lambda *data: holding.delivered.append(data)
    )
    holding.published, holding.delivered, holding.timers = [], [], []
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
    assert seconds == MAX_HOLD_SECONDS
    function(*arguments)
    assert holding.delivered == [("a", b"1"), ("a", b"2")]
    holding.end({"a"})
    function(*arguments)
    assert len(holding.delivered) == 2


def test_it_remembers_no_room(holding):
    holding.begin({"a"})
    holding.keeps("a", b"1")
    holding.gathers("a", 1, b"1")
    holding.end({"a"})
    assert (holding._storing, holding._held, holding._gathered) == ({}, {}, {})


def test_what_cannot_be_delivered_keeps_nothing_else(holding, caplog):
    def deliver(slug, data):
        if data == b"bad":
            raise RuntimeError("a bug")
        holding.delivered.append((slug, data))

    holding._deliver = deliver
    holding.begin({"a", "b"})
    for slug in "ab":
        holding.keeps(slug, b"bad"), holding.keeps(slug, b"good")
    holding.end({"a", "b"})
    assert sorted(holding.delivered) == [("a", b"good"), ("b", b"good")]
    assert (holding._storing, holding._held) == ({}, {})
    assert "a bug" in caplog.text


def test_what_goes_out_goes_together_where_it_follows(holding):
    assert not holding.gathers("a", 1, b"one")
    holding.begin({"a", "b"})
    for slug, seq in (("a", 7), ("b", 1), ("a", 8), ("a", 9), ("a", 11)):
        assert holding.gathers(slug, seq, b"%d" % seq)
    assert holding.published == []
    holding.end({"a", "b"})
    assert sorted(holding.published) == [("a", 7, b"7\n8\n9"), ("a", 11, b"11"), ("b", 1, b"1")]


def test_what_is_long_goes_alone(holding):
    holding.begin({"a"})
    long = b"x" * PARCEL_BYTES
    for seq, packet in enumerate((b"1", long, b"3", b"4", long, long)):
        holding.gathers("a", seq, packet)
    holding.end({"a"})
    assert [seq for _, seq, _ in holding.published] == [0, 1, 2, 4, 5]
    assert b"\n".join(data for _, _, data in holding.published).count(b"\n") == 5
