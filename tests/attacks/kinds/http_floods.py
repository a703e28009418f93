"""HTTP from a few connections as fast as they carry it: pipelined requests, a member's pages, files that aren't there."""

import select
import socket
import threading
import time
from collections import Counter
from typing import ClassVar

from tests.attacks.attack import Attack
from tests.attacks.newcomer import Newcomer
from tests.attacks.site import Site

STATUS = b"HTTP/1.1 "


class HttpFlood(Attack):
    """`requests` of `path`, sent at once on each of so many connections; over and over where `again` is set."""

    connections: ClassVar[int] = 1
    requests: ClassVar[int] = 500
    again: ClassVar[bool] = True
    path: ClassVar[str] = "/login"
    method: ClassVar[str] = "GET"
    headers: ClassVar[str] = ""

    def prepare(self, site: Site) -> None:
        self.newcomer = Newcomer(site)
        self.statuses: Counter[str] = Counter()
        one = f"{self.method} {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self.fields(site)}\r\n"
        self.wave = one.encode() * self.requests

    def fields(self, site: Site) -> str:
        return self.headers

    def strike(self, site: Site, until: float) -> None:
        with self.newcomer:
            threads = [
                threading.Thread(target=self._flood, args=(site, until)) for _ in range(self.connections)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            time.sleep(max(0.0, until - time.monotonic()))

    @property
    def enough(self) -> bool:
        return bool(self.statuses)

    def _flood(self, site: Site, until: float) -> None:
        while self.goes_on(until):
            try:
                self._pour(site, until)
            except OSError:
                self.statuses["reset"] += 1
                time.sleep(0.05)
            if not self.again:
                return

    def _pour(self, site: Site, until: float) -> None:
        """One connection until the server ends it."""
        left = self.wave
        with socket.create_connection((site.server.host, site.server.port), timeout=20) as client:
            client.setblocking(False)
            rest = b""
            while self.goes_on(until):
                readable, writable, _ = select.select([client], [client] if left else [], [], 0.5)
                if writable:
                    left = left[client.send(left[:65536]) :]
                if readable:
                    data = client.recv(262144)
                    if not data:
                        return
                    self._count(rest + data)
                    rest = data[-len(STATUS) - 2 :]

    def _count(self, data: bytes) -> None:
        for answer in data.split(STATUS)[1:]:
            if len(answer) >= 3:
                self.statuses[answer[:3].decode("latin-1")] += 1

    def check(self, site: Site) -> None:
        assert self.statuses, "nothing was answered"
        self.newcomer.check(self.stretch)

    @property
    def done(self) -> str:
        told = ", ".join(f"{count}×{status}" for status, count in self.statuses.most_common(4))
        return f"{told}; {self.newcomer}"


class Pipelined(HttpFlood):
    name: ClassVar[str] = "500 pipelined pages"


class PipelinedLong(HttpFlood):
    """As many as killed a worker; in the time of the suite as the five hundred."""

    name: ClassVar[str] = "9,000 pipelined pages"
    in_suite: ClassVar[bool] = False
    requests: ClassVar[int] = 9000


class PipelinedByEight(HttpFlood):
    name: ClassVar[str] = "pipelined pages by 8 connections"
    connections: ClassVar[int] = 8


class PipelinedPolls(HttpFlood):
    name: ClassVar[str] = "pipelined polls by 8 connections"
    connections: ClassVar[int] = 8
    requests: ClassVar[int] = 2000
    path: ClassVar[str] = "/socket.io/?EIO=4&transport=polling&sid=nobody"


class MissingFiles(HttpFlood):
    name: ClassVar[str] = "files that aren't there"
    connections: ClassVar[int] = 8
    path: ClassVar[str] = "/static/js/missing.js"


class Health(HttpFlood):
    name: ClassVar[str] = "pipelined /healthz"
    connections: ClassVar[int] = 8
    path: ClassVar[str] = "/healthz"


class AbsurdMethods(HttpFlood):
    name: ClassVar[str] = "methods nobody knows"
    connections: ClassVar[int] = 8
    method: ClassVar[str] = "BREW"


class LongHeaders(HttpFlood):
    """What some parser may take more than its length for."""

    name: ClassVar[str] = "long cookies, types and queries"
    connections: ClassVar[int] = 4
    requests: ClassVar[int] = 100
    path: ClassVar[str] = "/room?" + "a&" * 900
    headers: ClassVar[str] = (
        f"Cookie: {'a=b; ' * 1300}\r\nAccept: {'a/b;q=0.5,' * 600}\r\nAccept-Language: {'de;q=0.5,' * 700}\r\n"
        f"Accept-Encoding: {'gzip;q=0.5,' * 500}\r\n"
    )


class MembersPages(HttpFlood):
    """A member who is logged in, by eight connections."""

    name: ClassVar[str] = "a member's room pages"
    connections: ClassVar[int] = 8
    requests: ClassVar[int] = 100

    def prepare(self, site: Site) -> None:
        site.token(site.attacker)
        self.cookie = site.shell(SESSION, site.attacker)
        super().prepare(site)

    path: ClassVar[str] = "/chat/hall"

    def fields(self, site: Site) -> str:
        return f"Cookie: sessionid={self.cookie}\r\n"


SESSION = """
import json, sys
from django.contrib.auth import get_user_model, login
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
request = HttpRequest()
request.session = SessionStore()
login(request, get_user_model().objects.get(username=sys.argv[1]))
request.session.save()
print(json.dumps(request.session.session_key))
"""
