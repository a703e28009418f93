"""REST's limits, where somebody sets the clock back: what was asked at a time that is still to come doesn't count."""

from rest_framework import throttling


class SteadyThrottle(throttling.SimpleRateThrottle):
    """The history has the clock's times, as several machines share it; they may differ by less than `duration`."""

    num_requests: int
    duration: int

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
