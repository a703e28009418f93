"""What people's events cost the loop, and when their next ones may be handled.

Who has their burst of `budget.spent` left would use the whole loop until it is gone, in steps of some milliseconds each,
and everybody else's acks would take a second. So while they spend it, no more than half of the loop is theirs.
"""

from collections.abc import Hashable

from django.conf import settings

from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.limits.loop_budget import Budget, spent

# The part of the loop, and the seconds that nobody notices.
HASTE_SHARE, HASTE_SECONDS = 0.5, 0.02
# What an event costs later for each connection that hears it: a send. And so many cost less than to count it.
SEND_SECONDS, FEW = 6e-6, 20

haste = Budget(
    max(HASTE_SHARE, settings.LOOP_SHARE_PERCENT / 100) if settings.LOOP_SHARE_PERCENT else 0, HASTE_SECONDS
)


def charge(payer: Hashable, seconds: float) -> None:
    """Add what has been spent already."""
    spent.charge(payer, seconds)
    haste.charge(payer, seconds)


def wait(payer: Hashable) -> float:
    """Seconds until something of theirs may be handled; 0 where that is now."""
    return max(spent.wait(payer), haste.wait(payer))


def charge_for_room(payer: Hashable, slug: str) -> None:
    """For an event of theirs that all hear who have joined the room here."""
    receivers = subscriptions.count(slug)
    if receivers > FEW:
        charge(payer, receivers * SEND_SECONDS)
