"""A site that is attacked: a real server on SQLite or PostgreSQL, by one worker or by two with Redis, with people in it.

with attacked(tmp_path, "postgresql", workers=2) as site: site.token(site.attacker), site.room, site.server.url
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from chatsite import gunicorn
from tests.chaos import people
from tests.support.servers.harness import Server, serve
from tests.support.servers.postgres import postgres
from tests.support.servers.redis import redis

ROOM = "hall"


class Site:
    """`room` is a private room's slug, in which all people of the site are that `token` made. `attacker` is the username of
    who strikes next: somebody else each time, as limits remember what the one before asked for."""

    room = ROOM

    def __init__(self, server: Server, engine: str) -> None:
        self.server, self.engine = server, engine
        self.attacker, self._attackers = "mallory", count(1)
        self._tokens: dict[str, str] = {}

    def change_attacker(self) -> None:
        self.attacker = f"mallory{next(self._attackers)}"

    def token(self, name: str) -> str:
        """The API token of the member of that username, who is made where there is none."""
        return self.tokens([name])[name]

    def tokens(self, names: list[str]) -> dict[str, str]:
        """Tokens by username; many people are made as quickly as one. Their password is the cast's `PASSWORD`."""
        if missing := [name for name in names if name not in self._tokens]:
            self._tokens |= people.settle(self.server, self.room, missing)
        return {name: self._tokens[name] for name in names}

    def shell(self, script: str, *arguments: str) -> Any:
        """What the last line of a script says that runs with Django set up on the site's database; JSON is read."""
        return self.server.script(script, *arguments)

    @property
    def workers(self) -> list[int]:
        """The pids of the processes that serve now."""
        return self.server.workers


@contextmanager
def attacked(folder: Path, engine: str = "sqlite", workers: int = 1, **settings: str) -> Iterator[Site]:
    with ExitStack() as stack:
        if engine == "postgresql":
            settings["DATABASE_URL"] = stack.enter_context(postgres())
        if workers > 1:
            settings["REDIS_URL"] = stack.enter_context(redis()).url
        # As chatsite/gunicorn.py has it, which one worker is started without here.
        settings.setdefault("GUNICORN_CMD_ARGS", f"--worker-connections {gunicorn.worker_connections}")
        server = stack.enter_context(serve(folder, workers=workers, **settings))
        yield Site(server, engine)
