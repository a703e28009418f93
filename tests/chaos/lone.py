"""A site of one process on SQLite, which a Scene takes for a stage: `with Lone(tmp_path) as stage: Scene(stage, crew)`."""

import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from chatsite import gunicorn
from tests.chaos import people
from tests.support.servers import harness

# As Django stores a UUID in SQLite.
HEX = 32
# As chatsite/gunicorn.py has it.
ROOM = f"--worker-connections {gunicorn.worker_connections}"


class Asked:
    """SQLite's file, asked as the other stage's PostgreSQL is."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def ask(self, statement: str, *parameters: Any) -> list[tuple]:
        with sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=10) as connection:
            rows = connection.execute(statement.replace("%s", "?"), parameters).fetchall()
        connection.close()
        return [tuple(map(plain, row)) for row in rows]


def plain(value: Any) -> Any:
    return UUID(value) if isinstance(value, str) and len(value) == HEX else value


class Machine:
    """Clients come to it by no proxy."""

    def __init__(self, server: harness.Server) -> None:
        self.server, self.url, self.size = server, server.url, 1

    @property
    def workers(self) -> list[int]:
        return [self.server.worker]


class Lone:
    # No ack is lost on the way: each comes, however busy the machine is.
    size, patience = 1, 30.0

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self.settings = folder, settings
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        settings = {"GUNICORN_CMD_ARGS": ROOM, **self.settings}
        server = self._stack.enter_context(harness.serve(self.folder, **settings))
        self.machines = [Machine(server)]
        # By the name under which a Scene asks the database.
        self.postgres = Asked(self.folder / "chat.sqlite3")
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def server(self) -> harness.Server:
        return self.machines[0].server

    @property
    def workers(self) -> list[int]:
        return self.machines[0].workers

    def people(self, room: str, names: list[str]) -> dict[str, str]:
        return people.settle(self.server, room, names)

    def head(self, room: str) -> int:
        return int(self.postgres.ask("SELECT head FROM rooms_room WHERE slug = %s", room)[0][0])
