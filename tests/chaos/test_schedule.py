"""A seed names a schedule."""

from itertools import groupby

from tests.chaos.__main__ import AROUND, LONG, schedule


def test_the_same_seed_gives_the_same_faults_and_another_one_others():
    assert list(schedule(1, 30)) == list(schedule(1, 30))
    assert list(schedule(1, 30)) != list(schedule(2, 30))


def test_each_strikes_as_often_as_the_others_until_the_time_is_filled():
    names = list(schedule(1, 30))
    seconds = sum(LONG[name] + AROUND for name in names)
    assert 30 * 60 <= seconds < 30 * 60 + max(LONG.values()) + AROUND
    times = [len(list(some)) for _, some in groupby(sorted(names))]
    assert len(times) == len(LONG)
    assert max(times) - min(times) <= 1


def test_a_short_time_has_one_fault_at_least():
    assert len(list(schedule(1, 0))) == 1
