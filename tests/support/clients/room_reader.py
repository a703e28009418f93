"""A reader that follows a room as a client should, and a writer."""

import time

from tests.support.clients.cast import Chatter


class Reader:
    """A client that asks by `sync` for messages that `heads` shows to be missing."""

    def __init__(self, chatter: Chatter, room: str) -> None:
        self.chatter, self.room = chatter, room
        self.begin = chatter.join(room)["head"]

    def live(self) -> set[int]:
        return {message["seq"] for message in self.chatter.all("chat-message")}

    def heard(self, head: int) -> bool:
        return self.live() >= set(range(self.begin + 1, head + 1))

    def knows_of(self, head: int) -> bool:
        """Return whether each message up to `head` was received, or announced by `heads`."""
        told = max((heads.get(self.room, 0) for heads in self.chatter.all("heads")), default=self.begin)
        return set(range(told + 1, head + 1)) <= self.live()

    def whole(self, head: int) -> bool:
        seqs: list[int] = []
        more = True
        while more:
            after = max(seqs, default=self.begin)
            page = self.chatter.call("sync", {"room": self.room, "after": after, "limit": 500})
            seqs += [event["data"]["seq"] for event in page["events"]]
            more = page["more"]
        return [seq for seq in seqs if seq <= head] == list(range(self.begin + 1, head + 1))


def send_for(seconds: float, chatter: Chatter, room: str = "board") -> tuple[int, float]:
    """Send messages; return the last seq, and the longest time of an ack."""
    until, slowest, seq = time.monotonic() + seconds, 0.0, 0
    while time.monotonic() < until:
        began = time.monotonic()
        seq = chatter.say(room)["message"]["seq"]
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.02)
    return seq, slowest
