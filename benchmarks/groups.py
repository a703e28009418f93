"""Groups of people and rooms. Nobody is in two groups, so that no measure gets presence events of another's people."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Group:
    """`rooms` rooms of `size` people each. `first` is the number of the group's first person; `senders` of them write."""

    prefix: str
    rooms: int
    size: int
    first: int
    senders: int = 1

    @property
    def people(self) -> int:
        return self.rooms * self.size

    @property
    def options(self) -> dict[str, Any]:
        """Options of the load generator by which every person connects once."""
        return {
            "rooms": self.prefix,
            "size": self.size,
            "first": self.first,
            "sockets": self.people,
            "senders": self.senders,
        }


HALL = Group("hall-", 1, 500, 0, 50)
FIVE = Group("five-", 1, 5, 500, 5)
TABLES = Group("table-", 200, 10, 505, 200)
IDLE = Group("idle-", 200, 50, 2_505)
GROUPS = (HALL, FIVE, TABLES, IDLE)
PEOPLE = sum(group.people for group in GROUPS)
