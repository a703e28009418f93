"""What Redis pays for a message by how many processes hear it, and for a channel: measured without our servers."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from redis import Redis

from benchmarks import workers
from benchmarks.growth.client import Numbers
from benchmarks.growth.machines import redis_use
from benchmarks.growth.site import Plan

# Processes that have subscribed to a channel, and bytes of a message: an envelope and its event.
SUBSCRIBERS = (1, 4, 16, 64)
MESSAGE_BYTES = 700
COMMANDS_PER_SEND = 100


def measure(plan: Plan) -> dict[str, Numbers]:
    with workers.redis() as url:
        found = {f"{count} processes hear it": publishes(url, count, plan.publishes) for count in SUBSCRIBERS}
        return found | {"a channel": {"bytes": channel_bytes(url, plan.channels)}}


def publishes(url: str, subscribers: int, count: int) -> Numbers:
    """Publish to a channel that so many connections hear; return Redis' CPU µs for a message."""
    message = b"x" * MESSAGE_BYTES
    with Redis.from_url(url) as client, listening(url, subscribers):
        before = redis_use(url)["cpu"]
        for _ in range(count // COMMANDS_PER_SEND):
            pipeline = client.pipeline(transaction=False)
            for _ in range(COMMANDS_PER_SEND):
                pipeline.publish("r:room", message)
            heard = pipeline.execute()
            assert set(heard) == {subscribers}
        return {"cpu_us": (redis_use(url)["cpu"] - before) / count * 1e6}


@contextmanager
def listening(url: str, count: int) -> Iterator[None]:
    """Hold connections that have subscribed to the channel, and read what comes in a thread."""
    address = urlsplit(url)
    sockets = [socket.create_connection((address.hostname, address.port)) for _ in range(count)]
    for each in sockets:
        each.sendall(b"SUBSCRIBE r:room\r\n")
        each.recv(1024)
    selector, ended = selectors.DefaultSelector(), threading.Event()
    for each in sockets:
        selector.register(each, selectors.EVENT_READ)

    def read() -> None:
        while not ended.is_set():
            for key, _ in selector.select(0.1):
                key.fileobj.recv(1 << 20)  # type: ignore[union-attr]

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        ended.set()
        reader.join()
        for each in sockets:
            each.close()


def channel_bytes(url: str, count: int) -> float:
    """Return Redis' memory for one subscription of a process to a channel of its own."""
    with Redis.from_url(url) as client, client.pubsub() as pubsub:
        before = int(client.info("memory")["used_memory"])
        for first in range(0, count, 500):
            pubsub.subscribe(*(f"r:a-room-of-some-name-{n}" for n in range(first, first + 500)))
            for _ in range(500):
                pubsub.get_message(timeout=5)
        return (int(client.info("memory")["used_memory"]) - before) / count
