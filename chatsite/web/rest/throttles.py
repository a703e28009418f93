"""REST's limits. What a person asks for here counts among their events, as what they send by a socket does; the rest are
REST's own, where somebody sets the clock back: what was asked at a time that is still to come doesn't count."""

from typing import Any

from rest_framework import throttling
from rest_framework.request import Request

from chatsite.realtime.limits import limits


class SteadyThrottle(throttling.SimpleRateThrottle):
    """The history has the clock's times, as several machines share it; they may differ by less than `duration`."""

    num_requests: int
    duration: int

    @property
    def history(self) -> list[float]:
        return self._history

    @history.setter
    def history(self, stored: Any) -> None:
        """Out of the cache, which others may write to as well."""
        good = isinstance(stored, list) and all(type(at) in (int, float) for at in stored)
        self._history: list[float] = stored if good else []

    def throttle_failure(self) -> bool:
        past = [at for at in self.history if at <= self.now + self.duration]
        if len(past) == len(self.history):
            return super().throttle_failure()
        self.history = past
        return len(past) < self.num_requests and self.throttle_success()


class AnonThrottle(SteadyThrottle, throttling.AnonRateThrottle):
    """By address."""


class UserThrottle(SteadyThrottle, throttling.UserRateThrottle):
    """By person."""


class EventThrottle(throttling.BaseThrottle):
    """By person, over all doors."""

    def allow_request(self, request: Request, view: object) -> bool:
        self._wait = limits.event_rates.take(request.user.pk) if request.user and request.user.pk else 0.0
        return not self._wait

    def wait(self) -> float:
        return self._wait
