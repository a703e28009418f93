"""The cast on a real server: people with tokens, two rooms, and clients that remember all they were sent."""

import json
import subprocess
import sys
import threading
import time
import uuid
from typing import Any

import requests
import socketio

from tests.realtime.harness import ANSWER, ROOT, Server

PASSWORD = "correct horse battery"
SCRIPT = """
import json, sys, django
django.setup()
from accounts import services as accounts
from accounts.models import User
from rooms import membership, services as rooms
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
    """Makes owner, member, stranger, a visitor for whoever needs somebody fresh, and boss, an administrator.

    `board` (private) and `lobby` (public) are the owner's
    and the member's. Gives tokens by username."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, PASSWORD],
        cwd=ROOT, env=server.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def in_order(client: socketio.Client) -> None:
    """By itself it has a thread for each packet, and a busy machine runs them in any order."""
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
        """The first event of that name with those keys, come or to come."""
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
        """Whatever the server had queued for this connection before has arrived when this returns."""
        self.call("leave", {"room": "nowhere"})

    def close(self) -> None:
        self.io.disconnect()


def rest(server: Server, token: str, method: str, path: str, **json_body: Any) -> requests.Response:
    headers = {"Authorization": f"Token {token}"}
    return requests.request(
        method, server.url + path, headers=headers, json=json_body or None, timeout=ANSWER
    )


class Browser(requests.Session):
    """Somebody logged in through the page, with a session cookie."""

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
