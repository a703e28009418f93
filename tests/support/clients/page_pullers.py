"""Clients that pull pages of a room's log as fast as they are answered, in a process of their own.

`python -m tests.support.clients.page_pullers HOST PORT ROOM TOKEN …` writes a line when each has had a
page, and goes on until it is ended.
"""

import sys
import threading
from types import SimpleNamespace

from tests.support.clients.raw_clients import RawSocket, compact


def pull(raw: RawSocket, room: str, had: threading.Semaphore) -> None:
    while True:
        raw.send("427" + compact(["sync", {"room": room, "after": 0}]))
        while not (payload := raw.frame()[1]).startswith(b"437["):
            if payload == b"2":
                raw.send("3")
        assert payload.startswith(b'437[{"ok":true'), payload[:200]
        had.release()


def main(host: str, port: str, room: str, *tokens: str) -> None:
    server, had = SimpleNamespace(host=host, port=int(port)), threading.Semaphore(0)
    for token in tokens:
        raw = RawSocket(server).connect(token)  # type: ignore[arg-type]
        threading.Thread(target=pull, args=(raw, room, had), daemon=True).start()
    for _ in tokens:
        had.acquire()
    sys.stdout.write("pulling\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
