"""The stage: a PostgreSQL that keeps what it acknowledges, a Redis, and machines of several workers, with a proxy before
each machine and one between each machine and Redis.

    with Stage(tmp_path, machines=2, workers=2) as stage:
        tokens = stage.people("deck", ["ada", "mira"])
        Hand("ada", stage.machines[0].url, tokens["ada"], rooms=["deck"])      # by the proxy, `machine.door`
        stage.redis.kill(); stage.redis.start(); stage.machines[1].to_redis.block()

Only what the tests ask themselves goes past the proxies: `machine.server.url`, `stage.postgres.ask`.
"""

import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.chaos import people
from tests.chaos.proxy import Proxy
from tests.support import ROOT
from tests.support.servers import harness
from tests.support.servers.postgres import Postgres
from tests.support.servers.redis import redis
from tests.support.sites import PATIENT

# The real site; a setting ASKING gives clients longer to ask to come in.
# Those of four workers at their worst, and ours.
CONNECTIONS = 300
# Seconds after which an ack is taken for lost, as with a connection that is cut some are.
PATIENCE = 4.0


class Machine:
    """Some workers behind one port, `server`, as gunicorn serves them."""

    def __init__(self, server: harness.Server, size: int, door: Proxy, to_redis: Proxy) -> None:
        self.server, self.size, self.door, self.to_redis = server, size, door, to_redis

    @property
    def url(self) -> str:
        """By the proxy."""
        return f"http://127.0.0.1:{self.door.port}"

    @property
    def workers(self) -> list[int]:
        """Their pids."""
        return self.server.workers

    def start(self) -> None:
        """Once more, at the same port."""
        command = harness.command(self.server.port, PATIENT, self.size)
        with self.server.log.open("ab") as log:
            self.server.process = subprocess.Popen(
                command, cwd=ROOT, env=self.server.environ, stdout=log, stderr=log
            )
        harness.wait_ready(self.server)


class Stage:
    patience = PATIENCE

    def __init__(self, folder: Path, machines: int = 2, workers: int = 2, **settings: str) -> None:
        self.folder, self.size, self.count, self.settings = folder, workers, machines, settings
        self.postgres = Postgres(CONNECTIONS, kept=True)
        self.machines: list[Machine] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._stack.callback(self.postgres.remove)
            self.postgres.make()
            self.postgres.start()
            self.redis = self._stack.enter_context(redis())
            for number in range(self.count):
                self.machines.append(self._machine(f"machine-{number}"))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _machine(self, name: str) -> Machine:
        enter = self._stack.enter_context
        to_redis = enter(Proxy(self.redis.port))
        settings = {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": f"redis://127.0.0.1:{to_redis.port}/0",
            **self.settings,
        }
        server = enter(harness.serve(self.folder / name, PATIENT, self.size, **settings))
        return Machine(server, self.size, enter(Proxy(server.port)), to_redis)

    @property
    def workers(self) -> list[int]:
        return [pid for machine in self.machines for pid in machine.workers]

    def people(self, room: str, names: list[str]) -> dict[str, str]:
        """New ones, in a private room that is made where it isn't there yet. Tokens by name."""
        return people.settle(self.machines[0].server, room, names)

    def head(self, room: str) -> int:
        return int(self.postgres.ask("SELECT head FROM rooms_room WHERE slug = %s", room)[0][0])
