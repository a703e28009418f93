"""Sets by key, where nearly every set has a single member: that member is kept bare, as a set of one takes
216 bytes."""

from collections.abc import KeysView
from typing import Generic, TypeVar

Key = TypeVar("Key")
Member = TypeVar("Member")


class Multimap(Generic[Key, Member]):
    """Sets of members by key. A key is in it while its set has a member. Members must not be sets."""

    def __init__(self) -> None:
        self._groups: dict[Key, Member | set[Member]] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def __contains__(self, key: Key) -> bool:
        return key in self._groups

    def keys(self) -> KeysView[Key]:
        """Return the keys with a member."""
        return self._groups.keys()

    def add(self, key: Key, member: Member) -> None:
        """Add a member to the key's set."""
        held = self._groups.setdefault(key, member)
        if type(held) is set:
            held.add(member)
        elif held != member:
            self._groups[key] = {held, member}  # type: ignore[arg-type]

    def discard(self, key: Key, member: Member) -> bool:
        """Remove a member; return whether it was the last of its key."""
        held = self._groups.get(key)
        if type(held) is set:
            held.discard(member)
            if len(held) == 1:
                self._groups[key] = held.pop()
            return False
        if held is None or held != member:
            return False
        del self._groups[key]
        return True

    def size(self, key: Key) -> int:
        """Return how many members the key has."""
        held = self._groups.get(key)
        return len(held) if type(held) is set else held is not None

    def members(self, key: Key) -> list[Member]:
        """Return a list of the key's members."""
        held = self._groups.get(key)
        if held is None:
            return []
        return list(held) if type(held) is set else [held]  # type: ignore[list-item]

    def all_members(self) -> list[Member]:
        """Return a list of the members of all keys."""
        found: list[Member] = []
        for held in self._groups.values():
            if type(held) is set:
                found += held
            else:
                found.append(held)  # type: ignore[arg-type]
        return found
