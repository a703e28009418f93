"""Small clients that can do wrong what the official ones can't."""

import base64
import http.client
import json
import os
import socket
from typing import Any
from urllib.parse import urlencode

from tests.support.servers.harness import ANSWER, Server


def masked(payload: bytes, opcode: int = 1, final: bool = True, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    """Return a client's frame."""
    size = len(payload)
    head = bytes([(0x80 if final else 0) | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def query(**parameters: str) -> str:
    return "/socket.io/?" + urlencode({"EIO": "4", **parameters})


class RawSocket:
    """A websocket of bytes. `frames` are the server's, one at a time, as (opcode, payload)."""

    def __init__(
        self, server: Server, path: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=ANSWER)
        self.buffer = b""
        fields = {
            "Host": f"{server.host}:{server.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            **(headers or {}),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        self.socket.sendall(f"GET {path or query(transport='websocket')} HTTP/1.1\r\n{lines}\r\n".encode())
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])
        fields = (line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:])
        self.headers = {name.lower(): value for name, value in fields}

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def send(self, text: str) -> None:
        self.raw(masked(text.encode()))

    def raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def frame(self) -> tuple[int, bytes]:
        while len(self.buffer) < 2:
            self._more()
        size, start = self.buffer[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            while len(self.buffer) < start:
                self._more()
            size = int.from_bytes(self.buffer[2:start], "big")
        while len(self.buffer) < start + size:
            self._more()
        opcode, payload = self.buffer[0] & 0x0F, self.buffer[start : start + size]
        self.buffer = self.buffer[start + size :]
        return opcode, payload

    def text(self) -> str:
        """Return the next text; answer pings before it."""
        while True:
            opcode, payload = self.frame()
            assert opcode == 1, (opcode, payload)
            if payload != b"2":
                return payload.decode()
            self.send("3")

    def until(self, start: str) -> str:
        while not (text := self.text()).startswith(start):
            pass
        return text

    def connect(self, token: str = "ada") -> "RawSocket":
        """Connect by both protocols' handshakes."""
        assert self.text().startswith("0{")
        self.send("40" + json.dumps({"token": token}))
        answer = self.text()
        assert answer.startswith("40{"), answer
        return self

    def call(self, name: str, data: Any = None, number: int = 7) -> Any:
        """Emit and wait for the ack."""
        self.send(f"42{number}" + compact([name, {} if data is None else data]))
        return json.loads(self.until(f"43{number}[")[2 + len(str(number)) :])[0]

    def emit(self, name: str, *arguments: Any) -> None:
        self.send("42" + compact([name, *arguments]))

    def event(self) -> Any:
        """Return the next event behind the greeting, as name and data."""
        while (event := json.loads(self.until("42")[2:]))[0] == "hello":
            pass
        return event

    def end(self) -> int | None:
        """Read until the server closes; return the code of its close frame, None without one."""
        code = None
        try:
            while True:
                opcode, payload = self.frame()
                if opcode == 8:
                    code = int.from_bytes(payload[:2], "big")
        except (EOFError, ConnectionError):
            return code

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "RawSocket":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Polling:
    """Engine.IO's polling by hand."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sid = ""

    def request(
        self, method: str, body: bytes | None = None, headers: dict[str, str] | None = None, **parameters: str
    ) -> tuple[int, str]:
        """Return the answer as (status, body)."""
        connection = self.start(method, body, headers, **parameters)
        response = connection.getresponse()
        try:
            return response.status, response.read().decode()
        finally:
            connection.close()

    def start(
        self, method: str, body: bytes | None = None, headers: dict[str, str] | None = None, **parameters: str
    ) -> http.client.HTTPConnection:
        """Send the request; the caller reads the answer."""
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=ANSWER)
        sid = {"sid": self.sid} if self.sid else {}
        connection.request(
            method, query(**{"transport": "polling", **sid, **parameters}), body=body, headers=headers or {}
        )
        return connection

    def open(self) -> "Polling":
        status, body = self.request("GET")
        assert status == 200
        self.sid = json.loads(body[1:])["sid"]
        return self

    def connect(self, token: str = "ada") -> "Polling":
        self.open()
        assert self.send("40" + json.dumps({"token": token})) == 200
        assert self.packets()[0].startswith("40{")
        return self

    def send(self, *packets: str) -> int:
        return self.request("POST", "\x1e".join(packets).encode())[0]

    def packets(self) -> list[str]:
        status, body = self.request("GET")
        assert status == 200, (status, body)
        return body.split("\x1e")

    def until(self, start: str) -> str:
        while True:
            for packet in self.packets():
                if packet.startswith(start):
                    return packet

    def call(self, name: str, data: Any = None, number: int = 7) -> Any:
        self.send(f"42{number}" + compact([name, {} if data is None else data]))
        return json.loads(self.until(f"43{number}[")[2 + len(str(number)) :])[0]
