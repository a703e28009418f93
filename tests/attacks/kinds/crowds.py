"""One member whose doings concern many connections: those of others, or their own."""

import threading
from contextlib import suppress
from time import monotonic
from typing import Any, ClassVar
from uuid import uuid4

from tests.attacks.attack import Attack
from tests.attacks.kinds.one_person import LONG, OnePerson
from tests.attacks.site import Site
from tests.attacks.sockets import Sockets, frame, kept_alive, open_slowly_read
from tests.support.clients.crowd import people
from tests.support.clients.raw_clients import RawSocket, compact

RECEIVERS = 300
ADD = """
import sys
from accounts.models import User
from rooms.membership import membership
from rooms.models import Room
membership.grant(Room.objects.get(slug=sys.argv[2]), User.objects.get(username=sys.argv[1]))
"""


class Typing(OnePerson):
    name: ClassVar[str] = "typing flips before 300"
    sockets: ClassVar[int] = 10

    def prepare(self, site: Site) -> None:
        crowd = people(site.server, RECEIVERS, size=RECEIVERS)
        self.crowded = crowd[0][1]
        self.receivers = Sockets(site, [token for token, _ in crowd])
        self.receivers.call("join", {"room": self.crowded})
        super().prepare(site)
        site.shell(ADD, site.attacker, self.crowded)

    def strike(self, site: Site, until: float) -> None:
        reader = threading.Thread(target=self.receivers.drain, args=(until,))
        reader.start()
        super().strike(site, until)
        reader.join()
        self.receivers.__exit__()

    def event(self, number: int) -> tuple[str, dict[str, Any]]:
        return "typing", {"room": self.crowded, "typing": bool(number % 2)}


class Churn(Attack):
    name: ClassVar[str] = "60 who come and go"

    def prepare(self, site: Site) -> None:
        self.token, self.came = site.token(site.attacker), 0

    def strike(self, site: Site, until: float) -> None:
        threads = [threading.Thread(target=self._flap, args=(site, until)) for _ in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _flap(self, site: Site, until: float) -> None:
        while monotonic() < until:
            with suppress(OSError, EOFError, AssertionError), RawSocket(site.server) as raw:
                raw.connect(self.token)
                self.came += 1

    @property
    def done(self) -> str:
        return f"{self.came} came in"


class Deaf(Attack):
    """100 sockets of one member that never read, while another of theirs writes long texts and they ask for pages."""

    name: ClassVar[str] = "100 that never read"

    def prepare(self, site: Site) -> None:
        token = site.token(site.attacker)
        self.writer = Sockets(site, [token])
        self.deaf = [open_slowly_read(site, token) for _ in range(99)]
        for raw in self.deaf:
            assert raw.call("join", {"room": site.room})["ok"]

    def strike(self, site: Site, until: float) -> None:
        page = frame("421" + compact(["sync", {"room": site.room, "after": 0}]))
        with kept_alive(self.deaf):
            self._write(site, until, page)
        for raw in self.deaf:
            raw.close()

    def _write(self, site: Site, until: float, page: bytes) -> None:
        for raw in self.deaf:
            raw.raw(page * 8)
        with self.writer:
            self.writer.ask(
                until,
                lambda number: (
                    "chat-message",
                    {"room": site.room, "body": LONG, "client_id": str(uuid4())},
                ),
            )

    @property
    def done(self) -> str:
        return f"{self.writer.granted} sent, {self.writer.refused} refused"
