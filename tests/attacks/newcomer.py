"""Somebody who has never been here: opens the page, logs in, reads a room and opens a socket, again and again.

with Newcomer(site, 4) as newcomer: ...; newcomer.check(1.0)
"""

import re
import threading
import time
from typing import Self

import requests

from tests.attacks.site import Site
from tests.support.clients.cast import PASSWORD
from tests.support.clients.raw_clients import RawSocket

# Seconds for all of it, and between two of them.
WHOLE_SECONDS, EVERY_SECONDS = 4.0, 0.5
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Newcomer:
    """`people` of them come in turn. `took` are the seconds of each who got in; `kept_out` what the others were told."""

    def __init__(self, site: Site, people: int = 4) -> None:
        self.site = site
        self.tokens = site.tokens([f"newcomer{number}" for number in range(people)])
        self.took: list[float] = []
        self.kept_out: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._come)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _come(self) -> None:
        names = list(self.tokens)
        while not self._over.wait(EVERY_SECONDS):
            names.append(name := names.pop(0))
            began = time.monotonic()
            try:
                self._come_in(name)
                self.took.append(time.monotonic() - began)
            except (OSError, EOFError, AssertionError) as error:
                self.kept_out.append(f"{type(error).__name__} {error}"[:200])

    def _come_in(self, name: str) -> None:
        url = self.site.server.url
        with requests.Session() as session:
            page = session.get(f"{url}/login", timeout=20)
            assert page.status_code == 200, page.status_code
            found = CSRF.search(page.text)
            assert found
            form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": found[1]}
            entered = session.post(f"{url}/login", form, timeout=20)
            assert entered.status_code == 200, entered.status_code
            room = session.get(f"{url}/chat/{self.site.room}", timeout=20)
            assert room.status_code == 200, room.status_code
            assert self.site.room in room.url
        with RawSocket(self.site.server) as raw:
            raw.connect(self.tokens[name])

    def check(self, stretch: float) -> None:
        """`stretch` is how much slower than a quiet machine this one is just now."""
        assert not self.kept_out, f"newcomers were kept out: {self.kept_out}"
        assert self.took, "no newcomer came in"
        assert max(self.took) <= WHOLE_SECONDS * stretch, f"a newcomer took {max(self.took):.1f} s"

    def __str__(self) -> str:
        worst = f"{max(self.took):.1f} s" if self.took else "never"
        return f"newcomers {len(self.took)} in, at worst {worst}, {len(self.kept_out)} kept out"
