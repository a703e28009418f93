"""Redis of several servers: a Cluster, and a master with a replica and the sentinels that watch over them."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from tests.support.run.waiting import wait_for
from tests.support.servers.harness import free_port
from tests.support.servers.redis import PROGRAM, Server, redis

SLOTS = 16384
# Milliseconds until a server is taken for dead.
DEAD = 500


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for an election or a new slot, which take longer than most."""
    wait_for(condition, 60)


class Cluster:
    """`masters[n]` has the nth part of the slots."""

    def __init__(self, masters: list[Server], others: ExitStack) -> None:
        self.masters, self._others = masters, others

    @property
    def addresses(self) -> str:
        return ",".join(f"127.0.0.1:{node.port}" for node in self.masters)

    def master_of(self, channel: str) -> Server:
        return self.masters[key_slot(channel.encode()) * len(self.masters) // SLOTS]

    def replicate(self, master: Server) -> Server:
        """One more server, that takes the place of this one when it dies."""
        replica = self._others.enter_context(node())
        meet(self.masters[0], replica)
        wait_until(lambda: knows(replica, len(self.masters) + 1))
        replica.client.execute_command("CLUSTER", "REPLICATE", name_of(master))
        wait_until(lambda: replica.client.info("replication").get("master_link_status") == "up")
        return replica

    def move(self, channel: str, to: Server) -> None:
        """Its slot, with what is stored there, as redis-cli does it."""
        slot, source = key_slot(channel.encode()), self.master_of(channel)
        to.client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", name_of(source))
        source.client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", name_of(to))
        time.sleep(0.2)
        for key in source.client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 1000):
            source.client.execute_command("MIGRATE", "127.0.0.1", to.port, key, 0, 1000)
        for server in (to, source):
            server.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", name_of(to))


@contextmanager
def cluster(count: int = 3) -> Iterator[Cluster]:
    with ExitStack() as stack:
        masters = [stack.enter_context(node()) for _ in range(count)]
        for place, one in enumerate(masters):
            first, last = SLOTS * place // count, SLOTS * (place + 1) // count - 1
            one.client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            meet(masters[0], one)
        wait_until(lambda: all(knows(one, count) for one in masters))
        yield Cluster(masters, stack)


def node():
    options = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    return redis(*options, "--cluster-node-timeout", str(DEAD), "--repl-diskless-sync-delay", "0")


def meet(one: Server, other: Server) -> None:
    port = other.options[other.options.index("--cluster-port") + 1]
    one.client.execute_command("CLUSTER", "MEET", "127.0.0.1", other.port, port)


def knows(one: Server, count: int) -> bool:
    info = one.client.execute_command("CLUSTER", "INFO")
    return b"cluster_state:ok" in info and b"cluster_known_nodes:%d" % count in info


def name_of(server: Server) -> str:
    return str(server.client.execute_command("CLUSTER", "MYID").decode())


@contextmanager
def sentinels(master: Server, count: int = 1) -> Iterator[str]:
    """Run sentinels that watch over `master`, named `chat`, and its replicas; yield their addresses."""
    ports = [free_port() for _ in range(count)]
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(sentinel(master, port, count // 2 + 1))
        clients = [Redis(port=port) for port in ports]
        wait_until(
            lambda: all(
                client.sentinel_master("chat")["num-other-sentinels"] == count - 1 for client in clients
            )
        )
        yield ",".join(f"127.0.0.1:{port}" for port in ports)


@contextmanager
def sentinel(master: Server, port: int, quorum: int) -> Iterator[None]:
    config = master.folder / f"sentinel-{port}.conf"
    config.write_text(f"""
port {port}
bind 127.0.0.1
sentinel monitor chat 127.0.0.1 {master.port} {quorum}
sentinel down-after-milliseconds chat {DEAD}
sentinel failover-timeout chat 3000
""")
    assert PROGRAM
    process = subprocess.Popen([PROGRAM, str(config), "--sentinel"], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port))
        yield
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    try:
        return bool(Redis(port=port).ping())
    except RedisError:
        return False
