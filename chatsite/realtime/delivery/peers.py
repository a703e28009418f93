"""The other processes of the site, as delivery sees them. Where there are none, nobody."""

from collections.abc import Callable, Collection, Hashable
from types import UnionType
from typing import Any, Protocol


class Peers(Protocol):
    """None of these waits or raises. `payload` is an event's packet."""

    # Whether there is any use in calling.
    there: bool

    def open_room(self, slug: str) -> None:
        """Somebody here has joined it: what is sent to it elsewhere is wanted here."""

    def close_room(self, slug: str) -> None: ...
    def open_user(self, user_id: int) -> None: ...
    def close_user(self, user_id: int) -> None: ...
    def hold(self, slugs: Collection[str]) -> None:
        """Something is about to be sent in these rooms, until `release`: what comes for them may leave together with it."""

    def release(self, slugs: Collection[str]) -> None: ...
    def to_log(self, slug: str, payload: bytes, seq: int) -> None: ...
    def to_room(self, slug: str, payload: bytes, skip_user: int | None) -> None: ...
    def to_user(self, user_id: int, payload: bytes) -> None: ...
    def tell(self, word: str, *parts: Any) -> None:
        """To each of them; see `hear`."""


class NoPeers:
    there = False

    def open_room(self, slug: str) -> None: ...
    def close_room(self, slug: str) -> None: ...
    def open_user(self, user_id: int) -> None: ...
    def close_user(self, user_id: int) -> None: ...
    def hold(self, slugs: Collection[str]) -> None: ...
    def release(self, slugs: Collection[str]) -> None: ...
    def to_log(self, slug: str, payload: bytes, seq: int) -> None: ...
    def to_room(self, slug: str, payload: bytes, skip_user: int | None) -> None: ...
    def to_user(self, user_id: int, payload: bytes) -> None: ...
    def tell(self, word: str, *parts: Any) -> None: ...


# Set once, before anybody is connected.
site: Peers = NoPeers()

Part = type | UnionType
_hearers: dict[str, tuple[Callable[..., None], tuple[Part, ...]]] = {}


def hear(word: str, function: Callable[..., None], *parts: Part) -> None:
    """`function(*parts)` when another process tells this; what has other parts than these types isn't heard."""
    _hearers[word] = function, parts


def heard(word: str, parts: list[Any]) -> bool:
    """Whether it was a word known here, with the parts it should have."""
    function, types = _hearers.get(word, (None, ()))
    if function is None or len(parts) != len(types):
        return False
    if not all(isinstance(part, expected) for part, expected in zip(parts, types, strict=True)):
        return False
    function(*parts)
    return True


# Payers of whom something is untold before all of them are forgotten; and how many parts one word tells of at most.
REMEMBERED, MOST_PARTS = 10_000, 20


class Gossip:
    """Tells the other processes what payers spend in this one, each time that it is `part` or more, and never waits for an
    answer. A payer is a person's id or an address; of any other kind nothing is told.

    `spent(payer, amount)` is called for what another process tells. Of what is less than `part`, and while Redis is away
    of everything, nobody hears: then each process counts for itself.
    """

    def __init__(self, word: str, part: int, spent: Callable[[Any, int], None]) -> None:
        self._word, self._part, self._spent = word, max(1, part), spent
        self._untold: dict[Hashable, int] = {}
        hear(word, self._heard, int | str, int)

    def add(self, payer: Hashable, amount: int) -> None:
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
            site.tell(self._word, payer, min(untold, MOST_PARTS * self._part))

    def _heard(self, payer: int | str, amount: int) -> None:
        if 0 < amount <= MOST_PARTS * self._part:
            self._spent(payer, amount)
