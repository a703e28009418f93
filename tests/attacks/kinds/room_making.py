"""One member who makes rooms, and puts everybody into them, as fast as they are answered."""

import json
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from itertools import count
from typing import Any, ClassVar

from tests.attacks.attack import Attack
from tests.attacks.site import Site

CONNECTIONS = 4
# As many as were named when 59 members held up everybody for 640 ms.
MANY = 59


class RoomMaking(Attack):
    name: ClassVar[str] = "rooms by one member"
    members: ClassVar[int] = 0

    def prepare(self, site: Site) -> None:
        self.names = [f"victim{number:02}" for number in range(self.members)]
        site.tokens(self.names)
        self.headers = {
            "Authorization": f"Token {site.token(site.attacker)}",
            "Content-Type": "application/json",
        }
        self.numbers = count(1)
        self.answers: Counter[int] = Counter()

    def strike(self, site: Site, until: float) -> None:
        threads = [threading.Thread(target=self._strike, args=(site, until)) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _strike(self, site: Site, until: float) -> None:
        connection = HTTPConnection(site.server.host, site.server.port, timeout=30)
        while time.monotonic() < until:
            self._make(connection, self.names)
        connection.close()

    def _make(self, connection: HTTPConnection, members: list[str]) -> str | None:
        """The slug of a new private room, or None where it was refused."""
        body = {"name": f"Spam {next(self.numbers)}", "kind": "private", "members": members}
        return self._post(connection, "/room", body).get("slug")

    def _post(self, connection: HTTPConnection, path: str, body: Any) -> Any:
        connection.request("POST", path, json.dumps(body), self.headers)
        answer = connection.getresponse()
        self.answers[answer.status] += 1
        return json.loads(answer.read())

    def check(self, site: Site) -> None:
        assert self.answers[201], f"none was made: {self.answers}"
        assert not any(status >= 500 for status in self.answers), self.answers

    @property
    def done(self) -> str:
        return ", ".join(f"{count} × {status}" for status, count in sorted(self.answers.items()))


class CrowdedRooms(RoomMaking):
    name: ClassVar[str] = "rooms of 59 by one member"
    members: ClassVar[int] = MANY


class Conscription(RoomMaking):
    """Room after room into which everybody is put, one by one."""

    name: ClassVar[str] = "everybody into room after room"
    members: ClassVar[int] = MANY

    def _strike(self, site: Site, until: float) -> None:
        connection = HTTPConnection(site.server.host, site.server.port, timeout=30)
        while time.monotonic() < until:
            slug = self._make(connection, [])
            for name in self.names if slug else []:
                if time.monotonic() < until:
                    self._post(connection, f"/room/{slug}/member", {"username": name})
        connection.close()
