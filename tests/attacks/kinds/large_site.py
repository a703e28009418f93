"""Requests that are dear on a large site: 250,000 messages, 3,000 rooms with one member in all of them, 5,000 people."""

import threading
import time
from collections import Counter
from typing import ClassVar

import requests

from tests.attacks.attack import Attack
from tests.attacks.site import Site
from tests.support.servers.harness import ANSWER

# Once for each site. What it prints are the session keys of `many`, `few` and `boss`, by username.
PREPARE = """
import json
from django.db import transaction
from django.test import Client
from accounts.models import User
from tests.support.servers.large_site import LARGE, fill
if not User.objects.filter(username="many").exists():
    with transaction.atomic():
        fill(LARGE)
sessions = {}
for name in ("many", "few", "boss"):
    client = Client()
    client.force_login(User.objects.get(username=name))
    sessions[name] = client.cookies["sessionid"].value
print(json.dumps(sessions))
"""


class OnLargeSite(Attack):
    """`asked` are paths that `connections` of `who` ask for one after another; nobody's are a stranger's."""

    # One site for all of these, and not that of the others.
    settings: ClassVar[dict[str, str]] = {"LOG_LEVEL": "error"}
    asked: ClassVar[tuple[str, ...]]
    who: ClassVar[str | None] = "many"
    connections: ClassVar[int] = 4

    def prepare(self, site: Site) -> None:
        self.sessions = site.shell(PREPARE)
        self.answered: Counter[int] = Counter()

    def strike(self, site: Site, until: float) -> None:
        threads = [
            threading.Thread(target=self.ask, args=(site, self.who, self.answered, until))
            for _ in range(self.connections)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def ask(self, site: Site, who: str | None, answered: Counter[int], until: float) -> None:
        with requests.Session() as session:
            if who is not None:
                session.cookies["sessionid"] = self.sessions[who]
            while time.monotonic() < until:
                for path in self.asked:
                    answered[session.get(site.server.url + path, timeout=ANSWER).status_code] += 1

    def check(self, site: Site) -> None:
        assert self.answered[200], self.answered

    @property
    def done(self) -> str:
        return f"answered {dict(self.answered)}"


class AllMyMessages(OnLargeSite):
    name: ClassVar[str] = "messages of 3,000 rooms"
    asked = ("/message?limit=200", "/message?before=126000&limit=200", "/message?after=1100&limit=200")


class Description(OnLargeSite):
    name: ClassVar[str] = "a stranger's /schema"
    asked = ("/schema", "/schema?format=json", "/docs")
    who = None
    connections = 8


class RoomPage(OnLargeSite):
    name: ClassVar[str] = "page of a room of 3,000"
    asked = ("/chat/room2", "/chat/plaza")


class AdminList(OnLargeSite):
    name: ClassVar[str] = "administration's list of messages"
    asked = (
        "/admin/messaging/message/",
        "/admin/messaging/message/?q=zzzz",
        "/admin/messaging/message/?p=20",
    )
    who = "boss"


class Searches(OnLargeSite):
    """Another member searches meanwhile, and is never refused."""

    name: ClassVar[str] = "one member's twelve searches"
    asked = ("/message?q=zzzz", "/message?q=e%20zzzz&limit=200")
    connections = 12

    def strike(self, site: Site, until: float) -> None:
        self.others: Counter[int] = Counter()
        other = threading.Thread(target=self.ask, args=(site, "few", self.others, until))
        other.start()
        super().strike(site, until)
        other.join()

    def check(self, site: Site) -> None:
        super().check(site)
        assert set(self.others) == {200}, self.others

    @property
    def done(self) -> str:
        return f"{super().done}, another member {dict(self.others)}"
