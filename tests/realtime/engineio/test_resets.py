"""A client that vanishes at any step leaves nothing behind."""

import socket as sockets
import struct
import time

import pytest

from tests.support.clients.raw_clients import Polling, RawSocket, masked, query
from tests.support.servers.harness import ANSWER

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("alive")]

REQUEST = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def reset(socket):
    """Closes without a goodbye: the server's next read or write fails."""
    socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close()


def bare(site):
    return sockets.create_connection((site.host, site.port))


def before_a_byte(site):
    return bare(site)


def half_a_request(site):
    socket = bare(site)
    socket.sendall(REQUEST[:70])
    return socket


def before_the_answer(site):
    socket = bare(site)
    socket.sendall(REQUEST)
    return socket


def before_connect(site):
    return RawSocket(site).socket


def right_behind_connect(site):
    socket = RawSocket(site)
    socket.send('40{"token":"vanishes"}')
    return socket.socket


def half_a_frame(site):
    socket = RawSocket(site).connect("vanishes")
    socket.raw(masked(b'42["echo",{}]')[:9])
    return socket.socket


def during_its_handler(site):
    socket = RawSocket(site).connect("vanishes")
    socket.send('427["slow",{"n":0,"seconds":0.2}]')
    return socket.socket


def during_a_stream(site):
    socket = RawSocket(site).connect("vanishes")
    socket.call("join", {"room": "vanishing"})
    socket.emit("say", {"room": "vanishing", "size": 1000, "times": 500, "pause": 0.0001})
    return socket.socket


def during_a_poll(site):
    return Polling(site).connect("vanishes").start("GET").sock


def with_a_probe(site):
    polling = Polling(site).connect("vanishes")
    poll = polling.start("GET")
    probe = RawSocket(site, query(transport="websocket", sid=polling.sid))
    probe.send("2probe")
    reset(probe.socket)
    return poll.sock


def right_behind_the_upgrade(site):
    polling = Polling(site).connect("vanishes")
    probe = RawSocket(site, query(transport="websocket", sid=polling.sid))
    probe.send("2probe")
    probe.send("5")
    return probe.socket


STEPS = [
    before_a_byte, half_a_request, before_the_answer, before_connect, right_behind_connect, half_a_frame, during_its_handler,
    during_a_stream, during_a_poll, with_a_probe, right_behind_the_upgrade,
]  # fmt: skip


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_a_reset_leaves_nothing(site, raw, step):
    watcher = raw().connect("watcher")
    before, log = settled(watcher), site.log.stat().st_size
    for _ in range(5):
        reset(step(site))
    # A polling client between two polls is missed by its heartbeat, 8 and 6 seconds on.
    deadline = time.monotonic() + 14 + ANSWER
    while (more := growth(before, settled(watcher))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not more
    assert "Traceback" not in site.log.read_bytes()[log:].decode()


def growth(before, after):
    """What there is more of; clients of earlier tests may have gone meanwhile."""
    return {what: after[what] - before[what] for what in before if after[what] > before[what]}


def settled(watcher):
    state = watcher.call("state")
    seen = [what for what, who in state["history"] if who == "vanishes"]
    there = seen.count("connected") - seen.count("disconnected")
    return {"there": there} | {
        what: state[what] for what in ("sockets", "sessions", "connections", "half_open", "descriptors")
    }
