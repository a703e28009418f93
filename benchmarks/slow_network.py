"""A slow network between a client and a server of this machine, for all that TCP carries.

    python -m benchmarks.slow_network PORT UPSTREAM_PORT

A connection takes a round trip to open. The bytes of all connections share one line in each direction, and take half a round
trip on it. TCP's slow start, losses and TLS are left out.
"""

import asyncio
import sys

ROUND_TRIP_SECONDS, BYTES_PER_SECOND = 0.15, 1_600_000 / 8
# What one connection may put on the line before another one's turn, and seconds of it that may wait.
CHUNK_BYTES, QUEUE_SECONDS = 1_460, 0.02


class Line:
    """One direction."""

    def __init__(self) -> None:
        self.free_at = 0.0
        self.clock = asyncio.get_running_loop().time

    async def take(self, size: int) -> float:
        """Wait for room; gives the moment at which so many bytes arrive."""
        while (wait := self.free_at - self.clock() - QUEUE_SECONDS) > 0:
            await asyncio.sleep(wait)
        self.free_at = max(self.free_at, self.clock()) + size / BYTES_PER_SECOND
        return self.free_at + ROUND_TRIP_SECONDS / 2


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line) -> None:
    """In order, also the end."""
    arriving: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    delivery = asyncio.create_task(deliver(arriving, writer, line))
    while data := await reader.read(CHUNK_BYTES):
        arriving.put_nowait((await line.take(len(data)), data))
    arriving.put_nowait((line.clock() + ROUND_TRIP_SECONDS / 2, b""))
    await delivery


async def deliver(
    arriving: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, line: Line
) -> None:
    while True:
        moment, data = await arriving.get()
        await asyncio.sleep(max(0, moment - line.clock()))
        if not data:
            writer.close()
            return
        writer.write(data)


async def serve(port: int, upstream: int) -> None:
    down, up = Line(), Line()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(ROUND_TRIP_SECONDS)
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", upstream)
        ways = (carry(reader, server_writer, up), carry(server_reader, writer, down))
        await asyncio.gather(*ways, return_exceptions=True)

    # Little is buffered ahead of the line.
    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=CHUNK_BYTES)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
