"""Members who send plain messages as fast as they are answered: the least that a site must bear."""

import threading
import time
from typing import ClassVar
from uuid import uuid4

from tests.attacks.attack import Attack
from tests.attacks.site import Site
from tests.support.clients.raw_clients import RawSocket

SENDERS = 8


class PlainFlood(Attack):
    name: ClassVar[str] = "plain messages"

    def prepare(self, site: Site) -> None:
        names = [f"sender{number}" for number in range(SENDERS)]
        self.sockets = [RawSocket(site.server).connect(token) for token in site.tokens(names).values()]
        self.sent = 0

    def strike(self, site: Site, until: float) -> None:
        threads = [threading.Thread(target=self._send, args=(raw, site, until)) for raw in self.sockets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send(self, raw: RawSocket, site: Site, until: float) -> None:
        with raw:
            while time.monotonic() < until:
                raw.call("chat-message", {"room": site.room, "body": "hello", "client_id": str(uuid4())})
                self.sent += 1

    @property
    def done(self) -> str:
        return f"{self.sent} sent"
