"""Charge people's events to the loop budget, and say when their next ones may be handled.

A person with all of their burst in `loop_budget` left would use the whole loop until it is gone, in steps of
some milliseconds, and everybody else's acks would take a second. So while they spend it, at most half of the
loop is theirs.
"""

from collections.abc import Hashable

from django.conf import settings

from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.limits.loop_budget import Budget, loop_budget

# The share of the loop, and the seconds that nobody notices.
BURST_SHARE, BURST_SECONDS = 0.5, 0.02
# Loop seconds of an event for each connection that receives it: a send. Up to so many receivers cost less
# than counting.
SEND_SECONDS, FREE_RECEIVERS = 6e-6, 20

burst_budget = Budget(
    max(BURST_SHARE, settings.LOOP_SHARE_PERCENT / 100) if settings.LOOP_SHARE_PERCENT else 0, BURST_SECONDS
)


def charge(payer: Hashable, seconds: float) -> None:
    """Charge loop seconds that were spent already."""
    loop_budget.charge(payer, seconds)
    burst_budget.charge(payer, seconds)


def wait(payer: Hashable) -> float:
    """Return the seconds until something of the payer's may be handled; 0 where that is now."""
    return max(loop_budget.wait(payer), burst_budget.wait(payer))


def charge_for_room(payer: Hashable, slug: str) -> None:
    """Charge the sends of an event to all connections of this process in the room."""
    receivers = subscriptions.count(slug)
    if receivers > FREE_RECEIVERS:
        charge(payer, receivers * SEND_SECONDS)
