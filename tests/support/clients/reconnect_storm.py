"""Many clients at once, each as small as can be: run as a process of its own, so that it isn't the test that is slow.

Reads `{"host", "port", "clients": [{"token" | "cookie", "room"}], "seconds"}` from its input, brings all of them at once,
and writes a line with each client's answers. The next line of its input names who is to hear something, by number: when they
have, what each has heard is in its second line.
"""

import asyncio
import base64
import json
import os
import sys
import time
from typing import Any

from tests.support.clients.raw_clients import compact, masked

REQUEST = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{cookie}\r\n"
)


class Client:
    """`answers` are the HTTP status, the packet that answered CONNECT, the join's ack, and the seconds for all."""

    def __init__(self, who: dict[str, str]) -> None:
        self.who = who
        self.answers: dict[str, Any] = {}
        self.heard: list[str] = []

    async def come(self, host: str, port: int) -> None:
        began = time.monotonic()
        try:
            self.reader, self.writer = await asyncio.open_connection(host, port)
            await self.enter(host, port)
        except (OSError, EOFError) as error:
            self.answers["failed"] = repr(error)
        self.answers["seconds"] = time.monotonic() - began

    async def enter(self, host: str, port: int) -> None:
        cookie = f"Cookie: {self.who['cookie']}\r\n" if "cookie" in self.who else ""
        key = base64.b64encode(os.urandom(16)).decode()
        self.writer.write(REQUEST.format(host=host, port=port, key=key, cookie=cookie).encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.answers["status"] = int(head.split()[1])
        if self.answers["status"] != 101:
            return
        await self.until("0{")
        self.send("40" + (compact({"token": self.who["token"]}) if "token" in self.who else ""))
        self.answers["connect"] = await self.until("40", "44")
        if self.answers["connect"].startswith("40"):
            self.send("421" + compact(["join", {"room": self.who["room"]}]))
            self.answers["join"] = json.loads((await self.until("431", "41"))[3:] or "[null]")[0]
            # From now on, lest it is missed for its pongs while others come.
            self.listening = asyncio.create_task(self.listen())

    def send(self, text: str) -> None:
        self.writer.write(masked(text.encode()))

    async def text(self) -> str:
        head = await self.reader.readexactly(2)
        size = head[1]
        if size >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        text = (await self.reader.readexactly(size)).decode("utf-8", "replace")
        if text == "2":
            self.send("3")
        return text

    async def until(self, *starts: str) -> str:
        while not (text := await self.text()).startswith(starts):
            self.heard.append(text)
        return text

    @property
    def said(self) -> list[str]:
        return [text for text in self.heard if "chat-message" in text]

    async def listen(self) -> None:
        try:
            while True:
                self.heard.append(await self.text())
        except (OSError, EOFError):
            pass


def say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def main() -> None:
    plan = json.loads(sys.stdin.readline())
    clients = [Client(who) for who in plan["clients"]]
    coming = [
        asyncio.wait_for(client.come(plan["host"], plan["port"]), plan["seconds"]) for client in clients
    ]
    await asyncio.gather(*coming, return_exceptions=True)
    say([client.answers for client in clients])
    line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    hearing = [clients[number] for number in json.loads(line)]
    end = time.monotonic() + plan["seconds"]
    while not all(client.said for client in hearing) and time.monotonic() < end:
        await asyncio.sleep(0.05)
    # For what others should not hear, and would hear with them.
    await asyncio.sleep(1)
    say([client.said for client in clients])


if __name__ == "__main__":
    asyncio.run(main())
