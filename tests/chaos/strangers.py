"""Clients that behave badly beside those that don't. Each is a fault's `strike`, and counts what it did."""

import http.client
import socket as sockets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random

from tests.chaos.garbage import body, garbage
from tests.chaos.stage import Stage
from tests.chaos.strains import Strain
from tests.support.clients.crowd import RESET
from tests.support.clients.raw_clients import Polling, RawSocket, compact
from tests.support.servers.harness import Server

# What a socket that is let go may raise.
GONE = (OSError, EOFError, AssertionError, http.client.HTTPException)
# At once; one thread each.
TOGETHER = 4


def guests(stage: Stage, room: str, count: int, chance: Random) -> list[str]:
    """Tokens of new people in the room: they are seen to come and go."""
    name = f"guest{chance.randrange(10**9)}"
    return list(stage.people(room, [f"{name}-{number}" for number in range(count)]).values())


def come_in(server: Server, token: str) -> RawSocket:
    """What is sent to the person may come before the answer."""
    raw = RawSocket(server)
    raw.until("0{")
    raw.send("40" + compact({"token": token}))
    raw.until("40{")
    return raw


class Fuzz(Strain):
    """`count` random frames, from sockets of people and of strangers, and some POSTs. `sockets` were opened for them."""

    def __init__(self, room: str, count: int) -> None:
        self.room, self.count = room, count
        self.frames = self.sockets = self.posts = 0

    @property
    def done(self) -> str:
        return f"{self.frames} frames and {self.posts} posts from {self.sockets} sockets"

    def bear(self, stage: Stage, seconds: float, chance: Random) -> None:
        tokens, server = guests(stage, self.room, TOGETHER, chance), stage.machines[0].server
        seeds = [chance.getrandbits(64) for _ in tokens]
        with ThreadPoolExecutor(TOGETHER) as pool:
            for done in pool.map(self._share, [server] * TOGETHER, tokens, map(Random, seeds)):
                for name, number in done.items():
                    setattr(self, name, getattr(self, name) + number)

    def _share(self, server: Server, token: str, chance: Random) -> Counter[str]:
        done: Counter[str] = Counter()
        while done["frames"] + done["posts"] < self.count / TOGETHER:
            done["sockets"] += 1
            with suppress(*GONE):
                if chance.random() < 0.02:
                    post_garbage(Polling(server).connect(token), chance, done)
                else:
                    with come_in(server, token) if chance.random() < 0.9 else RawSocket(server) as raw:
                        send_garbage(raw, chance, done)
        return done


def send_garbage(raw: RawSocket, chance: Random, done: Counter[str]) -> None:
    """Until it is put out, or goes by itself in one way or the other."""
    for _ in range(chance.randrange(1, 60)):
        raw.raw(garbage(chance))
        done["frames"] += 1
        if is_over(raw.socket):
            return
    if chance.random() < 0.3:
        raw.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, RESET)


def is_over(socket: sockets.socket) -> bool:
    """Takes what has come."""
    try:
        return not socket.recv(1 << 16, sockets.MSG_DONTWAIT)
    except BlockingIOError:
        return False


def post_garbage(polling: Polling, chance: Random, done: Counter[str]) -> None:
    for _ in range(5):
        done["posts"] += 1
        if polling.request("POST", body(chance))[0] != 200:
            return
