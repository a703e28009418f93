"""A client for HTTP and websockets, with any headers."""

import json
import socket
import ssl
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Event, RejectConnection, Request, TextMessage


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        """Parse the text; None if it isn't JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


class Visit:
    """Client of `url`'s scheme://host[:port]. `timeout` is in seconds; `source` is the local address to connect from."""

    def __init__(self, url: str, timeout: float, source: str = "") -> None:
        parts = urlsplit(url)
        self.url = f"{parts.scheme}://{parts.netloc}"
        self.secure = parts.scheme == "https"
        self.host, self.netloc = parts.hostname or "", parts.netloc
        self.port = parts.port or (443 if self.secure else 80)
        self.timeout = timeout
        self.source = (source, 0) if source else None

    def get(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
        """Send a request on a new connection. Underscores in headers' names become dashes. Raises OSError, HTTPException."""
        connection = self._connection()
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {"Host": self.netloc, **names})
            return answered(connection.getresponse())
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        if self.secure:
            context = ssl.create_default_context()
            return HTTPSConnection(
                self.host, self.port, timeout=self.timeout, source_address=self.source, context=context
            )
        return HTTPConnection(self.host, self.port, timeout=self.timeout, source_address=self.source)

    def connected(self) -> socket.socket:
        connection = self._connection()
        connection.connect()
        assert connection.sock is not None  # noqa: S101
        return connection.sock


def answered(response: HTTPResponse) -> Answer:
    text = response.read(100_000).decode(errors="replace")
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)


class Refused(Exception):
    """The upgrade was answered with another status than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the answer was {status}")
        self.status = status


class Websocket:
    """Client's websocket. Opening raises Refused, OSError, and TimeoutError after the visit's timeout."""

    def __init__(self, visit: Visit, path: str, **headers: str) -> None:
        self._socket = visit.connected()
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._events: list[Event] = []
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._write(Request(host=visit.netloc, target=path, extra_headers=extra))
        first = self._next()
        if isinstance(first, RejectConnection):
            self.close()
            raise Refused(first.status_code)
        if not isinstance(first, AcceptConnection):
            raise ConnectionError("something else than an upgrade came")

    def send(self, text: str) -> None:
        self._write(TextMessage(data=text))

    def receive(self, timeout: float) -> str:
        """Return the next text. Raises TimeoutError, and ConnectionError once it is closed."""
        self._socket.settimeout(timeout)
        text = ""
        while True:
            event = self._next()
            if not isinstance(event, TextMessage):
                raise ConnectionError("the connection was closed")
            text += event.data
            if event.message_finished:
                return text

    def close(self) -> None:
        self._socket.close()

    def _write(self, event: Event) -> None:
        self._socket.sendall(self._protocol.send(event))

    def _next(self) -> Event:
        while not self._events:
            data = self._socket.recv(65_536)
            if not data:
                raise ConnectionError("the connection was closed")
            self._protocol.receive_data(data)
            self._events += self._protocol.events()
        return self._events.pop(0)
