"""Clients that send far too much, and clients that never read."""

import json
import socket
import threading
import time
from contextlib import ExitStack
from random import Random

from tests.chaos.stage import Stage
from tests.chaos.strains import Strain
from tests.chaos.strangers import come_in, guests
from tests.support.clients.raw_clients import RawSocket, compact, masked

# What each flooding socket sends, again and again.
FLOODS = [
    masked(b"3"), masked(b"43[1]"), masked(b"", 9), masked(b'42["nope"]'), masked(b'42["read",' + b"9" * 30 + b"]"),
    masked(b'42["leave",{"room":"deck"}]'), masked(b'42["leave",{"room":"' + b"x" * 65_000 + b'"}]'),
    masked(b'42["leave",[' + b"[]," * 21_000 + b"[]]]"),
]  # fmt: skip
# Events a second that one may send on this site, and more of them than it may send in the 45 s that the answers may take:
# 10 s of them at once, and what comes due meanwhile, together 660.
RATE, EVENTS = 12, 700
# The same in short: more than what comes due in the 22 s that the answers may take, of which a quiet machine needs 9.
SHORT_RATE, SHORT_EVENTS = 4, 130
DEAF_LINE = "chatsite.realtime: cutting"


class Flood(Strain):
    """From `count` sockets of one person; another one sends `events` that are answered, `refused` of them."""

    def __init__(self, room: str, count: int, events: int = EVENTS) -> None:
        self.room, self.count, self.events = room, count, events
        self.bytes = self.answered = self.refused = 0

    @property
    def done(self) -> str:
        return f"{self.bytes / 1e6:.0f} MB sent, {self.answered} of {self.events} events answered, {self.refused} refused"

    def bear(self, stage: Stage, seconds: float, chance: Random) -> None:
        many, quick = guests(stage, self.room, 2, chance)
        server, over = stage.machines[0].server, threading.Event()
        with ExitStack() as stack:
            opened = [stack.enter_context(come_in(server, many)) for _ in range(self.count)]
            for number, raw in enumerate(opened):
                threading.Thread(target=self._pour, args=(raw, FLOODS[number % len(FLOODS)], over)).start()
            self._hurry(stack.enter_context(come_in(server, quick)))
            time.sleep(seconds)
            over.set()
            # A close alone says nothing while a thread reads: the person would be here until a ping isn't answered.
            for raw in opened:
                raw.socket.shutdown(socket.SHUT_RDWR)

    def _pour(self, raw: RawSocket, frame: bytes, over: threading.Event) -> None:
        data = frame * max(1, 16_384 // len(frame))
        threading.Thread(target=drain, args=(raw.socket,), daemon=True).start()
        try:
            while not over.is_set():
                self.bytes += raw.socket.send(data)
        except OSError:
            pass

    def _hurry(self, raw: RawSocket) -> None:
        """All are sent before the first answer is read, and each is answered in its turn."""
        events = (
            masked(f"42{n}".encode() + b'["typing",{"room":"nowhere","typing":true}]')
            for n in range(self.events)
        )
        threading.Thread(target=raw.raw, args=(b"".join(events),), daemon=True).start()
        for number in range(self.events):
            answer = json.loads(raw.until(f"43{number}[")[len(f"43{number}") :])[0]
            self.answered += 1
            self.refused += answer["error"]["code"] == "rate_limited"


def drain(client: socket.socket) -> None:
    try:
        while client.recv(1 << 20):
            pass
    except OSError:
        pass


class Deaf(Strain):
    """`count` clients that ask for page after page of the room's log, and read none; `cut` of them were."""

    def __init__(self, room: str, count: int) -> None:
        self.room, self.count, self.cut = room, count, 0

    @property
    def done(self) -> str:
        return f"{self.cut} of {self.count} cut"

    def bear(self, stage: Stage, seconds: float, chance: Random) -> None:
        server = stage.machines[0].server
        before = server.log.read_text().count(DEAF_LINE)
        with ExitStack() as stack:
            for token in guests(stage, self.room, self.count, chance):
                raw = stack.enter_context(come_in(server, token))
                raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sync = masked(
                    b"421" + compact(["sync", {"room": self.room, "after": 0, "limit": 500}]).encode()
                )
                threading.Thread(target=insist, args=(raw, sync), daemon=True).start()
            deadline = time.monotonic() + max(seconds, 120)
            while self.cut < self.count and time.monotonic() < deadline:
                time.sleep(0.2)
                self.cut = server.log.read_text().count(DEAF_LINE) - before


def insist(raw: RawSocket, frame: bytes) -> None:
    try:
        while True:
            raw.raw(frame)
    except OSError:
        pass
