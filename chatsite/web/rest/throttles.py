"""Throttles of the REST API: DRF's by person and address, and the limit of events that REST shares with sockets."""

from typing import Any

from rest_framework import throttling
from rest_framework.request import Request

from chatsite.realtime.limits import limits


class SteadyThrottle(throttling.SimpleRateThrottle):
    """DRF's throttle that survives a clock set back: it ignores entries more than `duration` in the future.

    The history has wall-clock times, as several machines share it; their clocks may differ by less than `duration`.
    """

    num_requests: int
    duration: int

    @property
    def history(self) -> list[float]:
        return self._history

    @history.setter
    def history(self, stored: Any) -> None:
        """Take the history out of the cache; anything but a list of numbers counts as empty."""
        good = isinstance(stored, list) and all(type(at) in (int, float) for at in stored)
        self._history: list[float] = stored if good else []

    def throttle_failure(self) -> bool:
        past = [at for at in self.history if at <= self.now + self.duration]
        if len(past) == len(self.history):
            return super().throttle_failure()
        self.history = past
        return len(past) < self.num_requests and self.throttle_success()


class AnonThrottle(SteadyThrottle, throttling.AnonRateThrottle):
    """Limit requests without a login, by address."""


class UserThrottle(SteadyThrottle, throttling.UserRateThrottle):
    """Limit requests by person."""


class EventThrottle(throttling.BaseThrottle):
    """Count a request among the person's events, as forms and socket events do."""

    def allow_request(self, request: Request, view: object) -> bool:
        self._wait = limits.event_rates.take(request.user.pk) if request.user and request.user.pk else 0.0
        return not self._wait

    def wait(self) -> float:
        return self._wait
