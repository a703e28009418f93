import pytest
import time_machine
from django.core.cache import cache
from rest_framework.test import APIRequestFactory

from chatsite.throttles import UserThrottle

NOW, HOUR = 1_000_000_000, 3600


@pytest.fixture
def asked(member, monkeypatch):
    """`asked(at)` says whether one more is answered then; three a minute are."""
    monkeypatch.setattr(UserThrottle, "rate", "3/min", raising=False)
    cache.clear()
    request = APIRequestFactory().get("/")
    request.user = member

    def asked(at):
        with time_machine.travel(at, tick=False):
            throttle = UserThrottle()
            return throttle.allow_request(request, None) or throttle.wait()

    return asked


def test_the_fourth_in_a_minute_waits(asked):
    assert [asked(NOW + n) for n in range(3)] == [True] * 3
    assert asked(NOW + 3) == 57
    assert asked(NOW + 61) is True


def test_a_clock_that_was_set_back_keeps_nobody_waiting_for_it(asked):
    assert [asked(NOW + HOUR + n) for n in range(3)] == [True] * 3
    assert [asked(NOW + n) for n in range(3)] == [True] * 3
    assert asked(NOW + 3) == 57


def test_a_machine_whose_clock_is_a_little_ahead_counts(asked):
    assert [asked(NOW + 5 + n) for n in range(3)] == [True] * 3
    assert asked(NOW) == 65
