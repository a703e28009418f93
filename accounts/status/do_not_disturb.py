"""Whether somebody wants to be told of nothing now: by the switch that others see, or by what other apps know."""

from collections.abc import Callable

from accounts.models import Availability, User

# Return whether the person is not to be disturbed now, by what another app keeps: a time, a weekly schedule.
hooks: list[Callable[[User], bool]] = []


def dnd_now(user: User) -> bool:
    """Return whether the person is not to be disturbed now. Without hooks it costs no query."""
    return user.chosen_availability == Availability.DND or any(hook(user) for hook in hooks)
