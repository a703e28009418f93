"""The queue of long reads, such as pages of a room's log: one at a time in a process, people in turn, live
events in between.

A page takes some milliseconds of the server's only thread. Before, when each client's page was read at once,
twenty clients that asked as fast as they could held up everybody's acks for a second.
"""

from collections.abc import Callable, Hashable, Sequence
from time import monotonic
from typing import Any, NamedTuple

import eventlet

from chatsite.contract.errors import ChatError
from chatsite.realtime.queues.group_commit import MAX_WEIGHT, Done, GroupCommit, Outcome
from chatsite.realtime.scheduling.background import serving

# Seconds for which others go first: some commits.
MAX_YIELD_SECONDS = 0.02
# Seconds between two checks whether they are done.
POLL_SECONDS = 0.001


class Reading(NamedTuple):
    """A read to be done: `read()` returns its result, and raises the contract's errors."""

    payer: Hashable
    read: Callable[[], Any]


def submit(payer: Hashable, read: Callable[[], Any], done: Done[Any]) -> None:
    """Queue a read; `done` is called with its result or error."""
    queue.submit(Reading(payer, read), done)


def wait(payer: Hashable, read: Callable[[], Any]) -> Any:
    """Queue a read and return its result. Raises what `read` raised."""
    return queue.wait(Reading(payer, read))


def run_batch(readings: Sequence[Reading]) -> list[Outcome[Any]]:
    return [run_one(reading) for reading in readings]


def run_one(reading: Reading) -> Outcome[Any]:
    give_way()
    try:
        return reading.read()
    except ChatError as error:
        return error


def give_way() -> None:
    """Let senders and joiners go first, before a step of a few milliseconds; for MAX_YIELD_SECONDS at most."""
    if not serving():
        return
    # The hub reads what has arrived.
    eventlet.sleep(0)
    end = monotonic() + MAX_YIELD_SECONDS
    while others_waiting() and monotonic() < end:
        eventlet.sleep(POLL_SECONDS)


def others_waiting() -> bool:
    """Return whether another group commit is busy."""
    return any(each.busy for each in GroupCommit.all if each is not queue)


# Each read has the whole weight of a batch: none waits for another's.
queue: GroupCommit[Reading, Any] = GroupCommit(
    run_batch,
    weigh=lambda reading: MAX_WEIGHT,
    owner_of=lambda reading: reading.payer,
    name="catch up",
    charged=True,
)
