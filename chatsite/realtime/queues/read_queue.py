"""Long readings, such as pages of a room's log: one at a time in a process, its people in turns, and what others want in
between.

A page takes some milliseconds of the server's only thread. Where each client was read its own as soon as it asked, twenty
who did so as fast as they could held up everybody's acks for a second.
"""

from collections.abc import Callable, Hashable, Sequence
from time import monotonic
from typing import Any, NamedTuple

import eventlet

from chatsite.contract.errors import ChatError
from chatsite.realtime.queues.group_commit import HEAVIEST, Done, GroupCommit, Outcome
from chatsite.realtime.scheduling.threads import serving

# Seconds that others are let go first: some commits.
LONGEST = 0.02
# Between two looks whether they are done.
LOOK = 0.001


class Reading(NamedTuple):
    """`read` is asked once it is their turn, and raises the contract's errors."""

    whose: Hashable
    read: Callable[[], Any]


def submit(whose: Hashable, read: Callable[[], Any], done: Done[Any]) -> None:
    """`done` follows with what was read, or what became its error."""
    queue.submit(Reading(whose, read), done)


def wait(whose: Hashable, read: Callable[[], Any]) -> Any:
    """What was read; raises what `read` did."""
    return queue.wait(Reading(whose, read))


def each(readings: Sequence[Reading]) -> list[Outcome[Any]]:
    return [outcome(reading) for reading in readings]


def outcome(reading: Reading) -> Outcome[Any]:
    give_way()
    try:
        return reading.read()
    except ChatError as error:
        return error


def give_way() -> None:
    """Before each step of a few milliseconds. Who sends or comes in goes first; where there always is somebody, not for
    ever."""
    if not serving():
        return
    # What came meanwhile is read.
    eventlet.sleep(0)
    end = monotonic() + LONGEST
    while anybody_else() and monotonic() < end:
        eventlet.sleep(LOOK)


def anybody_else() -> bool:
    return any(each.busy for each in GroupCommit.all if each is not queue)


# As heavy as may be: none waits for another's.
queue: GroupCommit[Reading, Any] = GroupCommit(
    each, weigh=lambda reading: HEAVIEST, whose=lambda reading: reading.whose, name="catch up", charged=True
)
