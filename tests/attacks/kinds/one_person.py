"""One member with many connections who asks for as much as they can."""

import threading
from time import monotonic
from typing import Any, ClassVar
from uuid import uuid4

from tests.attacks.attack import Attack
from tests.attacks.site import Site
from tests.attacks.sockets import Sockets
from tests.support.clients.cast import Browser, rest
from tests.support.servers.harness import ANSWER

# What one person may do at once and in a second, as docs/operations.md has it; and what is in flight when it ends.
AT_ONCE, A_SECOND, SLACK = 1000, 100, 150
NAMED = 400
# As much to render as there may be: 400 marks, and code that is coloured up to 4,000 characters.
LONG = "some *words* of a text that goes on and on and on\n" * 200
CODE = "```python\n" + "answer = value + 42 if value else other - 1\n" * 88 + "```\n"


class OnePerson(Attack):
    """Each of `sockets` connections asks for `event(number)` as fast as it is answered."""

    sockets: ClassVar[int] = 60
    joined: ClassVar[bool] = False

    def prepare(self, site: Site) -> None:
        self.room = site.room
        self.opened = Sockets(site, [site.token(site.attacker)] * self.sockets)
        if self.joined:
            self.opened.call("join", {"room": site.room})

    def strike(self, site: Site, until: float) -> None:
        with self.opened:
            self.opened.ask(until, self.event)

    def event(self, number: int) -> tuple[str, dict[str, Any]]:
        raise NotImplementedError

    def check(self, site: Site) -> None:
        assert self.opened.granted, "it was never answered"
        most = AT_ONCE + A_SECOND * self.seconds + SLACK
        assert self.opened.granted <= most, f"{self.done}; {most} were allowed"

    @property
    def done(self) -> str:
        opened = self.opened
        return f"{opened.granted} granted, {opened.refused} refused, {opened.lost} sockets lost"


class Writers(OnePerson):
    body: ClassVar[str] = "hello"

    def event(self, number: int) -> tuple[str, dict[str, Any]]:
        return "chat-message", {"room": self.room, "body": self.body, "client_id": str(uuid4())}


class Plain(Writers):
    name: ClassVar[str] = "plain texts by 60 sockets"


class Hearing(Writers):
    name: ClassVar[str] = "plain texts by 60 that hear them"
    joined: ClassVar[bool] = True


class LongTexts(Writers):
    name: ClassVar[str] = "long texts by 10 sockets"
    sockets: ClassVar[int] = 10
    body: ClassVar[str] = LONG


class Code(Writers):
    name: ClassVar[str] = "code by 10 sockets"
    sockets: ClassVar[int] = 10
    body: ClassVar[str] = CODE * 2


class Mentions(Writers):
    name: ClassVar[str] = "400 mentions by 10 sockets"
    sockets: ClassVar[int] = 10

    def prepare(self, site: Site) -> None:
        names = [f"named{number}" for number in range(NAMED)]
        site.tokens(names)
        self.text = " ".join(f"@{name}" for name in names)
        super().prepare(site)

    def event(self, number: int) -> tuple[str, dict[str, Any]]:
        return "chat-message", {"room": self.room, "body": self.text, "client_id": str(uuid4())}


class Joins(OnePerson):
    name: ClassVar[str] = "join and leave by 60 sockets"

    def event(self, number: int) -> tuple[str, dict[str, Any]]:
        return ("join" if number % 2 else "leave"), {"room": self.room}


class Pages(OnePerson):
    name: ClassVar[str] = "pages by 60 sockets"

    def prepare(self, site: Site) -> None:
        super().prepare(site)
        with Sockets(site, [site.token("writer")]) as writer:
            for number in range(500):
                body = f"message {number} " * 10
                writer.call("chat-message", {"room": site.room, "body": body, "client_id": str(uuid4())})

    def event(self, number: int) -> tuple[str, dict[str, Any]]:
        return "sync", {"room": self.room, "after": 0}


class Changes(OnePerson):
    """Of a message that they have written."""

    sockets: ClassVar[int] = 10

    def prepare(self, site: Site) -> None:
        super().prepare(site)
        sent = {"room": site.room, "body": "first", "client_id": str(uuid4())}
        self.message = self.opened.raws[0].call("chat-message", sent)["message"]


class Edits(Changes):
    name: ClassVar[str] = "edits by 10 sockets"

    def event(self, number: int) -> tuple[str, dict[str, Any]]:
        return "edit-message", {"id": self.message["id"], "body": f"number {number}"}


class LongEdits(Changes):
    name: ClassVar[str] = "edits with code by 10 sockets"

    def event(self, number: int) -> tuple[str, dict[str, Any]]:
        return "edit-message", {"id": self.message["id"], "body": f"{number}\n{CODE * 2}"}


class Doors(Plain):
    """The same person by a bot's REST and a page's form beside their sockets."""

    name: ClassVar[str] = "plain texts by all doors"
    sockets: ClassVar[int] = 20

    def prepare(self, site: Site) -> None:
        super().prepare(site)
        self.token, self.page, self.by_rest, self.by_form = (
            site.token(site.attacker),
            Browser(site.server, site.attacker),
            0,
            0,
        )

    def strike(self, site: Site, until: float) -> None:
        threads = [
            threading.Thread(target=door, args=(site, until)) for door in (self._by_rest, self._by_form)
        ]
        for thread in threads:
            thread.start()
        super().strike(site, until)
        for thread in threads:
            thread.join()

    def _by_rest(self, site: Site, until: float) -> None:
        while monotonic() < until:
            _, data = self.event(0)
            self.by_rest += rest(site.server, self.token, "POST", "/message", **data).status_code == 201

    def _by_form(self, site: Site, until: float) -> None:
        url, headers = f"{site.server.url}/chat/{site.room}", {"Referer": site.server.url}
        while monotonic() < until:
            data = {**self.event(0)[1], "csrfmiddlewaretoken": self.page.cookies["csrftoken"]}
            answer = self.page.post(url, data, headers=headers, allow_redirects=False, timeout=ANSWER)
            self.by_form += answer.status_code == 302

    def check(self, site: Site) -> None:
        self.opened.granted += self.by_rest + self.by_form
        super().check(site)

    @property
    def done(self) -> str:
        return f"{super().done}; {self.by_rest} by REST, {self.by_form} by the form"


class Reads(OnePerson):
    name: ClassVar[str] = "reading by 60 sockets"

    def event(self, number: int) -> tuple[str, dict[str, Any]]:
        return "read", {"room": self.room, "seq": number}
