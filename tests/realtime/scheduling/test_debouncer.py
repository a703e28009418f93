import pytest
from django.db import InterfaceError, InternalError, OperationalError

from chatsite.database.chunks import chunked
from chatsite.realtime.scheduling import debouncer
from chatsite.realtime.scheduling.debouncer import MAX_RETRY_SECONDS, RETRY_SECONDS, Debouncer


@pytest.fixture
def timers():
    return []


@pytest.fixture
def flushed():
    return []


@pytest.fixture
def numbers(timers, flushed):
    made = Debouncer("numbers", lambda changes: flushed.append(dict(changes)), gather=0.1, rest=9)
    made.later = lambda seconds, flush: timers.append((seconds, flush))
    return made


def test_changes_are_flushed_together_and_the_last_of_a_key_counts(numbers, timers, flushed):
    numbers.note({})
    assert timers == []
    for value in (1, 2):
        numbers.note({"a": value, f"b{value}": value})
    ((seconds, flush),) = timers
    flush()
    assert (seconds, flushed) == (0.1, [{"a": 2, "b1": 1, "b2": 2}])
    numbers.note({"a": 3})
    timers[1][1]()
    assert flushed[1:] == [{"a": 3}]


def test_who_takes_long_rests_long(numbers, timers, monkeypatch):
    now = iter((0.0, 0.2, 10.0, 20.0))
    monkeypatch.setattr(debouncer, "monotonic", lambda: next(now))
    for _ in range(3):
        numbers.note({"a": 1})
        if len(timers) < 3:
            timers[-1][1]()
    assert [seconds for seconds, _ in timers] == pytest.approx([0.1, 1.8, MAX_RETRY_SECONDS])


@pytest.mark.parametrize("error", [OperationalError, InternalError, InterfaceError])
def test_what_the_database_could_not_serve_waits_and_yields_to_what_is_newer(numbers, timers, flushed, error):
    def away(changes):
        numbers.note(newer)
        raise error("the database is away")

    served, numbers._flush, newer = numbers._flush, away, {}
    numbers.note({"a": 1, "b": 1})
    for _ in range(4):
        timers[-1][1]()
    assert [seconds for seconds, _ in timers] == [0.1, RETRY_SECONDS, 2, 4, MAX_RETRY_SECONDS]
    newer = {"a": 2}
    timers[-1][1]()
    numbers._flush = served
    timers[-1][1]()
    assert flushed == [{"a": 2, "b": 1}]
    assert numbers.waiting == {}


def test_others_have_their_turn_between_two_chunks():
    steps = []
    steps.extend(chunked(iter(range(5)), 2, lambda: steps.append("turn")))
    assert steps == [[0, 1], "turn", [2, 3], "turn", [4]]
    assert list(chunked([], 2)) == []
    assert list(chunked("abc", 3)) == [["a", "b", "c"]]
