"""The cast on a real server: people with tokens, two rooms, and clients that remember all they were sent."""

import json
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import requests
import socketio

from tests.support import ROOT
from tests.support.run import made_once
from tests.support.servers.database_templates import FILE, migrate, programs
from tests.support.servers.harness import ANSWER, Server

TOKENS, ROWS = "tokens.json", "rows.sql"
# Tables that are copied, and those that say which processes run and what they do.
OURS, RUNNING = ("accounts_", "rooms_"), ("accounts_process", "rooms_consumer")
PASSWORD = "correct horse battery"
SCRIPT = """
import json, sys, django
django.setup()
from accounts import services as accounts
from accounts.models import User
from rooms.membership import membership; from rooms import services as rooms
people = {name: User.objects.create_user(name, password=sys.argv[1]) for name in ("owner", "member", "stranger", "visitor")}
User.objects.create_superuser("boss", password=sys.argv[1])
board = rooms.create_room(people["owner"], "Board", kind="private")
# An address that tests can write down: a private room's own has a random tail.
board.slug = "board"
board.save()
lobby = rooms.create_room(people["owner"], "Lobby")
for room in (board, lobby):
    membership.grant(room, people["member"])
print(json.dumps({name: accounts.make_token(user, "test")[1] for name, user in people.items()}))
"""


def settle(server: Server) -> dict[str, str]:
    """Make owner, member, stranger, a visitor for tests that need somebody fresh, and boss, an administrator.

    `board` (private) and `lobby` (public) are the owner's and the member's. Gives tokens by username. All of it is made once
    in a run of the tests, for each engine, and copied."""
    url = server.environ["DATABASE_URL"]
    if url.startswith("sqlite:///"):
        return copy_file_rows(Path(url.removeprefix("sqlite:///")), server.environ)
    return copy_rows(url, server.environ) if programs() else make_cast(server.environ)


def make_cast(environ: dict[str, str]) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, PASSWORD],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def copy_file_rows(target: Path, environ: dict[str, str]) -> dict[str, str]:
    """Copy the cast of a template site into this one, which has no accounts; return the tokens by username."""

    def make(folder: Path) -> None:
        site = environ | {"DATABASE_URL": f"sqlite:///{folder / FILE}"}
        migrate(folder, site)
        (folder / TOKENS).write_text(json.dumps(make_cast(site)))

    folder = made_once.once("cast of sqlite", make)
    with closing(sqlite3.connect(target, timeout=ANSWER, isolation_level=None)) as database:
        assert database.execute("SELECT count(*) FROM accounts_user").fetchone() == (0,)
        database.execute("ATTACH ? AS source", [str(folder / FILE)])
        tables = database.execute("SELECT name FROM source.sqlite_master WHERE type = 'table'").fetchall()
        names = [name for (name,) in tables if name.startswith(OURS) and not name.startswith(RUNNING)]
        database.execute("BEGIN IMMEDIATE")
        for name in [*names, "sqlite_sequence"]:
            database.execute(f"DELETE FROM main.{name}")
            database.execute(f"INSERT INTO main.{name} SELECT * FROM source.{name}")
        database.execute("COMMIT")
    return json.loads((folder / TOKENS).read_text())


def copy_rows(url: str, environ: dict[str, str]) -> dict[str, str]:
    """Copy the cast of the first site on PostgreSQL into this one; return the tokens by username."""
    dump, play = programs()
    selection = [f"--table={name}*" for name in OURS] + [f"--exclude-table={name}*" for name in RUNNING]

    def make(folder: Path) -> None:
        tokens = make_cast(environ)
        command = [dump, "--data-only", "--disable-triggers", *selection, "-f", str(folder / ROWS), "-d", url]
        subprocess.run(command, check=True)
        (folder / TOKENS).write_text(json.dumps(tokens))

    folder = made_once.once("cast of postgresql", make)
    with psycopg.connect(url) as database:
        people = database.execute("SELECT count(*) FROM accounts_user").fetchone()
        if people == (0,):
            database.execute("DELETE FROM rooms_event; DELETE FROM rooms_room")
    if people == (0,):
        command = [play, "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", str(folder / ROWS), "-d", url]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads((folder / TOKENS).read_text())


def in_order(client: socketio.Client) -> None:
    """Handle the client's packets in order: its own thread for each may run in any order on a busy machine."""
    trigger = client.eio._trigger_event
    client.eio._trigger_event = lambda *event, **options: trigger(*event, **{**options, "run_async": False})


class Chatter:
    """One connection of python-socketio's client. `seen` is every event in the order of arrival."""

    def __init__(
        self, server: Server, token: str | None = None, *, cookies: str = "", transport: str = "websocket"
    ):
        self.seen: list[tuple[str, Any]] = []
        self._more = threading.Condition()
        self.io = socketio.Client(reconnection=False, request_timeout=ANSWER)
        in_order(self.io)
        self.io.on("*", self._note)
        self.io.on("disconnect", lambda *reason: self._note("disconnect", None))
        transports = ["polling", "websocket"] if transport == "upgrade" else [transport]
        headers = {"Cookie": cookies} if cookies else {}
        self.io.connect(
            server.url,
            headers,
            auth={"token": token} if token else None,
            transports=transports,
            wait_timeout=ANSWER,
        )

    def _note(self, event: str, data: Any) -> None:
        with self._more:
            self.seen.append((event, data))
            self._more.notify_all()

    def call(self, event: str, *data: Any) -> dict[str, Any]:
        payload = data[0] if len(data) == 1 else data
        return self.io.call(event, payload, timeout=ANSWER)

    def join(self, room: str, **data: Any) -> dict[str, Any]:
        return self.call("join", {"room": room, **data})

    def say(self, room: str, body: str = "hello", **data: Any) -> dict[str, Any]:
        return self.call("chat-message", {"room": room, "body": body, "client_id": str(uuid.uuid4()), **data})

    def all(self, name: str) -> list[Any]:
        return [data for event, data in self.seen if event == name]

    def wait(self, name: str, timeout: float = ANSWER, **having: Any) -> Any:
        """Return the first event of this name with these values, which may have arrived already."""
        deadline = time.monotonic() + timeout
        with self._more:
            while True:
                for data in self.all(name):
                    if all(data.get(key) == value for key, value in having.items()):
                        return data
                left = deadline - time.monotonic()
                assert left > 0, f"no {name} with {having}; saw {self.seen}"
                self._more.wait(left)

    def round_trip(self) -> None:
        """Return once everything has arrived that the server had queued for this connection."""
        self.call("leave", {"room": "nowhere"})

    def close(self) -> None:
        self.io.disconnect()


def rest(server: Server, token: str, method: str, path: str, **json_body: Any) -> requests.Response:
    headers = {"Authorization": f"Token {token}"}
    return requests.request(
        method, server.url + path, headers=headers, json=json_body or None, timeout=ANSWER
    )


class Browser(requests.Session):
    """A session of somebody who logged in by the page, with its cookie."""

    def __init__(self, server: Server, username: str) -> None:
        super().__init__()
        self.server = server
        self.form("/login", username=username, password=PASSWORD)
        assert "sessionid" in self.cookies, f"{username} could not log in"

    def form(self, path: str, **fields: Any) -> requests.Response:
        """GET a page for its CSRF cookie, and POST to it."""
        self.get(self.server.url + path, timeout=ANSWER)
        fields["csrfmiddlewaretoken"] = self.cookies["csrftoken"]
        return self.post(
            self.server.url + path, data=fields, headers={"Referer": self.server.url}, timeout=ANSWER
        )

    @property
    def cookie_header(self) -> str:
        return f"sessionid={self.cookies['sessionid']}"
