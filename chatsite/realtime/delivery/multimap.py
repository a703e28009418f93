"""Sets by key, where nearly every set has a single member: that member is kept bare, as a set of one takes
216 bytes."""

from collections.abc import KeysView
from typing import Generic, TypeVar

Key = TypeVar("Key")
Member = TypeVar("Member")


class Multimap(Generic[Key, Member]):
    """Sets of members by key. A key is in it while its set has a member. Members must not be sets. `total` is
    the sum of their sizes."""

    def __init__(self) -> None:
        self._groups: dict[Key, Member | set[Member]] = {}
        self.total = 0

    def __len__(self) -> int:
        return len(self._groups)

    def __contains__(self, key: Key) -> bool:
        return key in self._groups

    def keys(self) -> KeysView[Key]:
        """Return the keys with a member."""
        return self._groups.keys()

    def add(self, key: Key, member: Member) -> None:
        """Add a member to the key's set."""
        held = self._groups.get(key)
        if held is None:
            self._groups[key] = member
        elif type(held) is set:
            if member in held:
                return
            held.add(member)
        elif held != member:
            self._groups[key] = {held, member}  # type: ignore[arg-type]
        else:
            return
        self.total += 1

    def discard(self, key: Key, member: Member) -> bool:
        """Remove a member; return whether it was the last of its key."""
        held = self._groups.get(key)
        if type(held) is set:
            if member not in held:
                return False
            held.discard(member)
            if len(held) == 1:
                self._groups[key] = held.pop()
        elif held is None or held != member:
            return False
        else:
            del self._groups[key]
        self.total -= 1
        return key not in self._groups

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
