"""One site in two processes, with the Redis between them."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.support.clients.cast import Chatter
from tests.support.servers import harness
from tests.support.servers.redis import Server


def folder_of(server):
    """Return the folder of the sockets by which its workers hear each other; None before the first listens."""
    inodes = {link[8:-1] for link in harness.open_files(server.worker) if link.startswith("socket:[")}
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    found = {Path(line[7]).parent for line in lines if len(line) == 8 and line[6] in inodes}
    return found.pop() if found else None


@dataclass
class TwoProcesses:
    """Two processes of one site, each with an address of its own, and the Redis between them."""

    one: harness.Server
    other: harness.Server
    redis: Server
    tokens: dict[str, str]
    settings: dict[str, str]
    opened: list[Chatter] = field(default_factory=list)

    def chatter(self, server, name, *rooms):
        chatter = Chatter(server, self.tokens[name])
        self.opened.append(chatter)
        for room in rooms:
            chatter.join(room)
        return chatter

    def close(self):
        while self.opened:
            self.opened.pop().close()
