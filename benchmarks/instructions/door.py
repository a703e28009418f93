"""The whole site, with a door by which the counting process switches callgrind and stops the clock.

gunicorn's worker loads it in the place of `chatsite.wsgi`. A word and its argument come in a line, and `ok` is the answer.
"""

import ctypes
import os
from collections.abc import Callable

import eventlet
from eventlet import hubs
from eventlet.green import socket

from benchmarks.instructions.clock import clock
from chatsite.wsgi import application

__all__ = ["application"]

library = ctypes.CDLL(os.environ["INSTRUCTIONS_LIBRARY"])


def start() -> None:
    """Count from now on, with the clock standing still."""
    clock.stop()
    library.start()


def stop() -> None:
    """Count no more."""
    library.stop()
    clock.go_on()


WORDS: dict[str, Callable[[str], object]] = {
    "start": lambda _: start(),
    "stop": lambda _: stop(),
    "zero": lambda _: library.zero(),
    "dump": lambda label: library.dump(label.encode()),
}


def answer(client: socket.socket, address: object) -> None:
    with client.makefile("rw", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            word, _, argument = line.strip().partition(" ")
            WORDS[word](argument)
            lines.write("ok\n")
            lines.flush()
    # Nothing would end while the clock stands.
    clock.go_on()


hub = hubs.get_hub()
# It would look at a clock that stands without end.
hub.wait = clock.waiting(hub.wait)
listener = socket.socket(socket.AF_UNIX)
listener.bind(os.environ["INSTRUCTIONS_DOOR"])
listener.listen()
eventlet.spawn(eventlet.serve, listener, answer)
