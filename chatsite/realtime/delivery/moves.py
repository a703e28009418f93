"""People of whom something changed lately that decides what they are to hear beside their joined rooms."""

# People that are remembered: for whoever asks for more of them, looking at everybody costs less.
REMEMBERED = 20


class Moves:
    """The last people who connected, left a room with a connection that stays, or became members of one.

    `count` is how many there were in all. Take it before a look at the database: whoever moved during the look
    is then among those since.
    """

    def __init__(self) -> None:
        self.count = 0
        self._last: list[int] = []

    def note(self, user_id: int) -> None:
        self.count += 1
        self._last.append(user_id)
        if len(self._last) > 2 * REMEMBERED:
            del self._last[:REMEMBERED]

    def since(self, count: int) -> set[int] | None:
        """Return the ids of those who moved since `count` was taken; None where they are too many."""
        moved = self.count - count
        if moved > REMEMBERED:
            return None
        return set(self._last[-moved:]) if moved else set()


moves = Moves()
