"""The other processes of the site, as delivery knows them."""

from collections.abc import Callable, Collection, Hashable
from types import UnionType
from typing import Any


class Peers:
    """The other processes of the site. This class is for a process without others, and does nothing;
    `cluster.relay` overrides it.

    No method waits or raises. `payload` is an event's Socket.IO packet.
    """

    # True if there may be other processes.
    there = False

    def open_room(self, slug: str) -> None:
        """Somebody in this process joined the room: receive what other processes send to it."""

    def close_room(self, slug: str) -> None:
        """Nobody in this process is in the room any more."""

    def open_user(self, user_id: int) -> None:
        """A connection of the user is in this process: receive what other processes send to the user."""

    def close_user(self, user_id: int) -> None:
        """No connection of the user is in this process any more."""

    def gather(self, slugs: Collection[str]) -> float:
        """Events of these rooms are about to be stored here; return for how many seconds more of them should be gathered
        first, as another process stores events of the same rooms."""
        return 0.0

    def hold(self, slugs: Collection[str]) -> None:
        """Events of these rooms are about to be sent here: until `release`, gather them, and hold what comes
        for the rooms."""

    def release(self, slugs: Collection[str]) -> None:
        """The events are sent: publish what was gathered, deliver what was held."""

    def to_log(self, slug: str, payload: bytes, seq: int) -> None:
        """Publish a durable event of the room."""

    def to_room(self, slug: str, payload: bytes, skip_user: int | None) -> None:
        """Publish a passing event of the room, but for the user `skip_user` (an id)."""

    def to_user(self, user_id: int, payload: bytes) -> None:
        """Publish an event for the user's connections."""

    def notify(self, word: str, *parts: Any) -> None:
        """Send the message `word` with its parts to all other processes; see `register`."""


# Set once, before anybody is connected.
site = Peers()

Part = type | UnionType
_handlers: dict[str, tuple[Callable[..., None], tuple[Part, ...]]] = {}


def register(word: str, function: Callable[..., None], *parts: Part) -> None:
    """Call `function(*parts)` for each message `word` of another process whose parts are of these types;
    others are ignored."""
    _handlers[word] = function, parts


def dispatch(word: str, parts: list[Any]) -> bool:
    """Call the handler of a message from another process; return whether its name is known and its parts have
    the right types."""
    function, types = _handlers.get(word, (None, ()))
    if function is None or len(parts) != len(types):
        return False
    if not all(isinstance(part, expected) for part, expected in zip(parts, types, strict=True)):
        return False
    function(*parts)
    return True


# Payers with an unreported part before all these parts are forgotten; and how many parts one message reports
# at most.
REMEMBERED, MOST_PARTS = 10_000, 20


class Gossip:
    """Reports to the other processes what payers spend in this one, whenever that reaches `part`; never waits
    for an answer.

    A payer is a person's id (int) or an address (str); other payers aren't reported. `spent(payer, amount)`
    is called with the reports of others. Amounts below `part` aren't reported, and nothing is while Redis is
    away: then each process counts for itself.
    """

    def __init__(self, word: str, part: int, spent: Callable[[Any, int], object]) -> None:
        self._word, self._part, self._spent = word, max(1, part), spent
        self._untold: dict[Hashable, int] = {}
        register(word, self._heard, int | str, int)

    def add(self, payer: Hashable, amount: int) -> None:
        """Add an amount that the payer has spent here, and report what has reached `part`."""
        if not site.there:
            return
        untold = self._untold.get(payer, 0) + amount
        if untold < self._part:
            self._untold[payer] = untold
            if len(self._untold) > REMEMBERED:
                self._untold.clear()
            return
        self._untold.pop(payer, None)
        if isinstance(payer, int | str):
            site.notify(self._word, payer, min(untold, MOST_PARTS * self._part))

    def _heard(self, payer: int | str, amount: int) -> None:
        if 0 < amount <= MOST_PARTS * self._part:
            self._spent(payer, amount)
