"""Wrong passwords from many addresses at once: each costs a hash, and one name is guessed at by all of them."""

import http.client
import itertools
import threading
import time
from collections import Counter
from typing import ClassVar
from urllib.parse import urlencode

from tests.attacks.attack import Attack
from tests.attacks.site import Site
from tests.support.clients.cast import PASSWORD
from tests.support.servers.harness import ANSWER, Server

GUESSERS = 24
# As many guesses from each address as a name may have from one before the next are refused unhashed.
GUESSES_PER_ADDRESS = 10
# A site is struck twice where it failed, and remembers for minutes who guessed from where.
addresses = itertools.count(1)


class Browser:
    """`log_in` gives the status. It comes from `address`, one of this machine's own."""

    def __init__(self, server: Server, address: str) -> None:
        self.server, self.address = server, address
        self.cookies: dict[str, str] = {}

    def log_in(self, name: str, password: str) -> int:
        if "csrftoken" not in self.cookies:
            self._ask("GET", "/login")
        return self._post("/login", username=name, password=password)

    def log_out(self) -> None:
        self._post("/logout")

    def _post(self, path: str, **fields: str) -> int:
        return self._ask(
            "POST", path, urlencode({**fields, "csrfmiddlewaretoken": self.cookies["csrftoken"]})
        )

    def _ask(self, method: str, path: str, body: str | None = None) -> int:
        connection = http.client.HTTPConnection(
            self.server.host, self.server.port, ANSWER, source_address=(self.address, 0)
        )
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value
            return answer.status
        finally:
            connection.close()


class PasswordGuesses(Attack):
    name: ClassVar[str] = "password guesses"

    def prepare(self, site: Site) -> None:
        self.victim = f"victim-{site.attacker}"
        site.token(self.victim)
        self.home = Browser(site.server, "127.0.0.1")
        assert self.home.log_in(self.victim, PASSWORD) == 302
        self.home.log_out()
        self.answers: Counter[int] = Counter()
        self._numbers = itertools.count(1)

    def strike(self, site: Site, until: float) -> None:
        threads = [threading.Thread(target=self._guess, args=(site, until)) for _ in range(GUESSERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _guess(self, site: Site, until: float) -> None:
        while time.monotonic() < until:
            number, address = next(self._numbers), next(addresses)
            browser = Browser(
                site.server, f"127.{1 + address // 65536}.{address // 256 % 256}.{address % 256}"
            )
            for guess in range(GUESSES_PER_ADDRESS):
                if time.monotonic() >= until:
                    return
                # A few for the one name, and the others for as many: nobody's count refuses those.
                name = self.victim if number <= 2 * GUESSERS else f"name{address}.{guess}"
                self.answers[browser.log_in(name, f"guess {number} {guess}")] += 1

    def check(self, site: Site) -> None:
        assert set(self.answers) <= {400, 429, 503}, self.answers
        assert self.answers[400] > 0, self.answers
        stranger = Browser(site.server, "127.0.0.2")
        deadline = time.monotonic() + 60
        # What still waits for its hash is answered 503, and the next window may have begun meanwhile.
        while (status := self.home.log_in(self.victim, PASSWORD)) == 503:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        assert status == 302
        assert stranger.log_in(self.victim, "wrong") in (400, 429)

    @property
    def done(self) -> str:
        return ", ".join(f"{count} answered {status}" for status, count in sorted(self.answers.items()))
