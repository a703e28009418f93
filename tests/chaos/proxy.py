"""A way between two programs that can be cut, blocked, slowed down and doubled: `with Proxy(port) as way: way.port`.

It runs in a thread of its own. What is changed concerns connections that are open, but for `double`: those to come.
"""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self

from tests.support.servers.harness import free_port

# Pieces of a connection that are on their way at once: beyond, who sends is made to wait, as by a full buffer.
ON_THE_WAY = 64
SIZE = 65536
# For a command, of which a thousand connections may be to end on a busy machine.
PATIENCE_SECONDS = 60.0


class Proxy:
    def __init__(self, upstream: int) -> None:
        self.upstream, self.port = upstream, free_port()
        self.seconds, self.doubled, self.swallowing = 0.0, False, False
        self.opened = 0
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._ways: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *error: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """All connections end, and new ones are refused."""
        self._run(self._cut())

    def block(self) -> None:
        """Nothing gets through any more, and nobody is told: not even that the other has gone."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def forget(self) -> None:
        """What is open stays so, and nothing gets through it ever again; new connections are as they were."""
        self._run(self._forget())

    def slow(self, seconds: float) -> None:
        """All that goes through, in both directions, does so later."""
        self.seconds = seconds

    def double(self) -> None:
        """New connections are made twice, and the second one is told the same as the first. Its answers go nowhere."""
        self.doubled = True

    def swallow(self) -> None:
        """What opens a websocket on a new connection goes nowhere and is never answered; all else gets through."""
        self.swallowing = True

    def heal(self) -> None:
        """As in the beginning. What was blocked goes on."""
        self.seconds, self.doubled, self.swallowing = 0.0, False, False
        self._loop.call_soon_threadsafe(self._open.set)
        self._run(self._listen())

    def end_connections(self) -> None:
        """They may come back at once, as `double` or not."""
        self._run(self._cut())
        self._run(self._listen())

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_SECONDS)

    async def _listen(self) -> None:
        self._open.set()
        if getattr(self, "_server", None) is None:
            self._server = await asyncio.start_server(self._come, "127.0.0.1", self.port, backlog=4096)

    async def _forget(self) -> None:
        before, self._open = self._open, asyncio.Event()
        if before.is_set():
            self._open.set()
        before.clear()

    async def _cut(self) -> None:
        server, self._server = getattr(self, "_server", None), None
        if server is not None:
            server.close()
        for way in list(self._ways):
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    async def _end(self) -> None:
        """Cut, and end what was accepted and hadn't begun yet: what the loop left behind would fail some later test, in
        which it is collected."""
        await self._cut()
        while rest := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            # Transports close in the loop's next turn.
            await asyncio.sleep(0)

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way = asyncio.current_task()
        assert way
        self._ways.add(way)
        self.opened += 1
        writers, gate = [writer], self._open
        try:
            await gate.wait()
            first = await reader.read(SIZE) if self.swallowing else b""
            if b"upgrade: websocket" in first.lower():
                # Until who asked has given up.
                while await reader.read(SIZE):
                    pass
                return
            await self._join(reader, writer, writers, gate, first)
        except (OSError, asyncio.CancelledError):
            for one in writers:
                one.transport.abort()
        finally:
            self._ways.discard(way)
            # What was said before the end still arrives.
            for one in writers:
                one.close()

    async def _join(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        writers: list[asyncio.StreamWriter],
        gate: asyncio.Event,
        first: bytes,
    ) -> None:
        """Until one of both sides ends. What was read `first` goes before the rest."""
        others = [await asyncio.open_connection("127.0.0.1", self.upstream) for _ in range(1 + self.doubled)]
        writers += [to for _, to in others]
        for _, to in others:
            to.write(first)
        carriers = [
            asyncio.ensure_future(self._carry(reader, [to for _, to in others], gate)),
            asyncio.ensure_future(self._carry(others[0][0], [writer], gate)),
            *(asyncio.ensure_future(self._carry(back, [], gate)) for back, _ in others[1:]),
        ]
        try:
            await asyncio.wait(carriers[:2], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for carrier in carriers:
                carrier.cancel()
            await asyncio.gather(*carriers, return_exceptions=True)

    async def _carry(
        self, reader: asyncio.StreamReader, writers: list[asyncio.StreamWriter], gate: asyncio.Event
    ) -> None:
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(ON_THE_WAY)
        taker = asyncio.ensure_future(self._take(reader, waiting))
        try:
            while True:
                due, data = await waiting.get()
                await asyncio.sleep(max(0, due - self._loop.time()))
                await gate.wait()
                if not data:
                    return
                for writer in writers:
                    writer.write(data)
                    await writer.drain()
        finally:
            taker.cancel()

    async def _take(
        self, reader: asyncio.StreamReader, waiting: "asyncio.Queue[tuple[float, bytes]]"
    ) -> None:
        data = b"start"
        while data:
            try:
                data = await reader.read(SIZE)
            except OSError:
                data = b""
            await waiting.put((self._loop.time() + self.seconds, data))
