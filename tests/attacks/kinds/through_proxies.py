"""The same through the samples of `deploy/`, as strangers come to most sites: pipelined pages and half posts by TLS."""

import select
import socket
import ssl
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import ClassVar

from tests.attacks.attack import Attack
from tests.attacks.kinds.http_floods import STATUS, HttpFlood
from tests.attacks.kinds.http_halves import POST, Dripping
from tests.attacks.site import Site
from tests.support.servers.proxies import Proxy, before, certificate, program, running

# Bytes that are read or written without looking at the other way.
PIECE = 16 * 1024


class Proxied(Attack):
    """`proxy` is a name of `tests.support.servers.proxies`. Newcomers and members come straight, and feel what the server
    does."""

    settings: ClassVar[dict[str, str]] = {"TRUST_PROXY": "true"}
    engines: ClassVar[tuple[str, ...]] = ("sqlite",)
    in_suite: ClassVar[bool] = False
    proxy: ClassVar[str]

    def prepare(self, site: Site) -> None:
        super().prepare(site)
        assert program(self.proxy), f"{self.proxy} is not installed"
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="proxy-")))
        made = before([site.server.port], folder, certificate(folder))
        self.running: Proxy = self.stack.enter_context(running(self.proxy, made))
        self.context = ssl.create_default_context(cafile=made.certificate.certificate)
        # Later ones send tickets that nobody has asked for.
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2

    def strike(self, site: Site, until: float) -> None:
        with self.stack:
            super().strike(site, until)

    def connect(self, site: Site) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.running.https), timeout=20)
        return self.context.wrap_socket(plain, server_hostname="localhost")


class ProxiedFlood(Proxied, HttpFlood):
    connections: ClassVar[int] = 8
    seconds: ClassVar[float] = 5.0

    def _pour(self, site: Site, until: float) -> None:
        left, rest = self.wave, b""
        with self.connect(site) as client:
            client.setblocking(False)
            while time.monotonic() < until:
                with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    left = left[client.send(left[:PIECE]) :] if left else left
                with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    data = client.recv(PIECE)
                    if not data:
                        return
                    self._count(rest + data)
                    rest = data[-len(STATUS) - 2 :]
                    continue
                select.select([client], [client] if left else [], [], 0.1)

    def check(self, site: Site) -> None:
        super().check(site)
        assert self.statuses["200"], self.done


class ProxiedHalves(Proxied, Dripping):
    """As many as the samples let through in a test."""

    beginning: ClassVar[bytes] = POST
    count: ClassVar[int] = 150
    seconds: ClassVar[float] = 5.0

    def check(self, site: Site) -> None:
        assert self.most == self.count, f"only {self.most} were open at once"
        self.newcomer.check(self.stretch)


class PipelinedByNginx(ProxiedFlood):
    name: ClassVar[str] = "pipelined pages through nginx"
    proxy: ClassVar[str] = "nginx"


class PipelinedByHaproxy(ProxiedFlood):
    name: ClassVar[str] = "pipelined pages through HAProxy"
    proxy: ClassVar[str] = "haproxy"


class HalvesByNginx(ProxiedHalves):
    name: ClassVar[str] = "half posts through nginx"
    proxy: ClassVar[str] = "nginx"


class HalvesByHaproxy(ProxiedHalves):
    name: ClassVar[str] = "half posts through HAProxy"
    proxy: ClassVar[str] = "haproxy"
