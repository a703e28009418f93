"""How long until a reader in another process is whole again, from the first answer of a Redis that came back.

.venv/bin/python -m tests.realtime.cluster.recovery_times [RUNS [FAULT …]]
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread

from tests.support.clients.cast import Chatter, settle
from tests.support.clients.room_reader import Reader
from tests.support.servers import harness
from tests.support.servers.postgres import postgres
from tests.support.servers.redis import Server, redis
from tests.support.sites import CLUSTER


def killed(server: Server) -> None:
    server.kill()
    time.sleep(2)
    server.start()


def stopped(server: Server) -> None:
    server.halt()
    time.sleep(4)
    server.go_on()
    server.client.ping()


def cut_off(server: Server) -> None:
    server.client.client_kill_filter(_type="pubsub")


FAULTS: dict[str, Callable[[Server], None]] = {"killed": killed, "stopped": stopped, "cut_off": cut_off}


def seconds(server: Server, fault: Callable[[Server], None], sender: Chatter, far: Reader) -> float:
    """Somebody sends all the while, until Redis answers again."""
    back, heads = Event(), [0]

    def send() -> None:
        while not back.is_set():
            heads.append(sender.say("board")["message"]["seq"])
            time.sleep(0.02)

    thread = Thread(target=send)
    thread.start()
    time.sleep(0.3)
    fault(server)
    began = time.monotonic()
    back.set()
    thread.join()
    while not far.knows_of(heads[-1]):
        assert time.monotonic() < began + 30
        time.sleep(0.005)
    return time.monotonic() - began


def measure(runs: int, names: list[str]) -> None:
    with ExitStack() as stack:
        database, server = stack.enter_context(postgres()), stack.enter_context(redis())
        settings = {"DATABASE_URL": database, "REDIS_URL": server.url}
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        one, other = (
            stack.enter_context(harness.serve(folder / name, CLUSTER, **settings))
            for name in ("one", "other")
        )
        tokens = settle(one)
        for name in names:
            took = sorted(run(server, FAULTS[name], one, other, tokens) for _ in range(runs))
            print(f"{name}: median {statistics.median(took):.2f} s, worst {took[-1]:.2f} s of {runs}")  # noqa: T201
            sys.stdout.flush()


def run(
    server: Server,
    fault: Callable[[Server], None],
    one: harness.Server,
    other: harness.Server,
    tokens: dict[str, str],
) -> float:
    sender, reader = Chatter(one, tokens["owner"]), Chatter(other, tokens["member"])
    try:
        far = Reader(reader, "board")
        while not reader.call("inside", {})["up"]:
            time.sleep(0.05)
        time.sleep(1)
        return seconds(server, fault, sender, far)
    finally:
        sender.close()
        reader.close()


if __name__ == "__main__":
    measure(int((sys.argv[1:] or ["20"])[0]), sys.argv[2:] or list(FAULTS))
