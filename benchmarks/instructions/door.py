"""The whole site, with a door by which the counting process switches callgrind and sets the clock.

gunicorn's worker loads it in the place of `chatsite.wsgi`. A word and its argument come in a line, and `ok` is the answer.
"""

import ctypes
import os
from collections.abc import Callable

import eventlet
from eventlet import hubs
from eventlet.green import socket

from benchmarks.instructions import clock
from chatsite.realtime.engineio.transport import PING_INTERVAL
from chatsite.realtime.socketio.server import sio
from chatsite.wsgi import application

__all__ = ["application"]

library = ctypes.CDLL(os.environ["INSTRUCTIONS_LIBRARY"])


def ping() -> None:
    """Let an interval pass for the heartbeats alone, in which every socket is pinged."""
    heartbeats = sio.eio.heartbeats
    heartbeats._began -= PING_INTERVAL
    heartbeats._due += len(heartbeats._slots)
    heartbeats._ping_due()


WORDS: dict[str, Callable[[str], object]] = {
    "start": lambda _: (clock.set_rate(clock.SLOW), library.start()),
    "stop": lambda _: (library.stop(), clock.set_rate(1.0)),
    "zero": lambda _: library.zero(),
    "dump": lambda label: library.dump(label.encode()),
    "forward": lambda seconds: clock.set_forward(float(seconds)),
    "ping": lambda _: ping(),
}


def answer(client: socket.socket, address: object) -> None:
    with client.makefile("rw", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            word, _, argument = line.strip().partition(" ")
            WORDS[word](argument)
            lines.write("ok\n")
            lines.flush()


def slow_hub() -> None:
    """Let the hub sleep until its next timer is due by our clock; it would look at it ten times a second else."""
    hub = hubs.get_hub()
    wait = hub.wait
    hub.wait = lambda seconds=None: wait(None if seconds is None else clock.real_seconds(seconds))


slow_hub()
listener = socket.socket(socket.AF_UNIX)
listener.bind(os.environ["INSTRUCTIONS_DOOR"])
listener.listen()
eventlet.spawn(eventlet.serve, listener, answer)
