"""Where a channel or a key lives: on one Redis, on the master that Sentinel names, or on a node of a Cluster.

    redis://[user:password@]host:6379/0, rediss://…, unix:///path
    redis+sentinel://[user:password@]host:26379,host:26379/service[/0]
    redis+cluster://[user:password@]host:7000,host:7000

`rediss+sentinel` and `rediss+cluster` are the same with TLS.
"""

from collections.abc import Collection
from typing import Any, NamedTuple, Protocol, cast
from urllib.parse import unquote, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import ConnectionInterface
from redis.retry import Retry
from redis.sentinel import Sentinel

# Seconds for anything that is asked of Redis.
PATIENCE = 0.5
SENTINEL_PORT, CLUSTER_PORT = 26379, 6379


class Verbs(NamedTuple):
    subscribe: str = "SUBSCRIBE"
    unsubscribe: str = "UNSUBSCRIBE"
    publish: str = "PUBLISH"
    # How many channels one command may name: those of a shard may lie in different slots.
    at_once: int = 500


SHARDED = Verbs("SSUBSCRIBE", "SUNSUBSCRIBE", "SPUBLISH", 1)


class Server(Protocol):
    verbs: Verbs

    def refresh(self) -> None:
        """Ask again where everything is. Raises while it is away, as all of these do."""

    def place(self, name: str) -> str:
        """The node that a channel or a key is on."""
        ...

    def places(self) -> Collection[str]:
        """The nodes that something may be on."""
        ...

    def connection(self, place: str) -> ConnectionInterface:
        """A new connection to that node, for who asks to keep and to close."""
        ...

    def client(self, place: str) -> Redis: ...
    def whole(self) -> Any:
        """A client that finds each key by itself."""
        ...


class Single:
    """One Redis; with Sentinel, each new connection asks who is the master."""

    verbs = Verbs()

    def __init__(self, client: Redis) -> None:
        self._client = client

    def refresh(self) -> None:
        pass

    def place(self, name: str) -> str:
        return ""

    def places(self) -> Collection[str]:
        return [""]

    def connection(self, place: str) -> ConnectionInterface:
        return new_connection(self._client)

    def client(self, place: str) -> Redis:
        return self._client

    def whole(self) -> Redis:
        return self._client


class Cluster:
    """Sharded pub/sub where the nodes have it (Redis 7): a message stays on the node of its channel. Where not, all is
    said and heard at one node, and the cluster passes it on."""

    verbs = Verbs()

    def __init__(self, nodes: list[ClusterNode], options: dict[str, Any]) -> None:
        self._nodes, self._options = nodes, options
        self._cluster: RedisCluster | None = None

    def refresh(self) -> None:
        if self._cluster is None:
            self._cluster = RedisCluster(startup_nodes=self._nodes, **self._options)
            self.verbs = SHARDED if self._has("SSUBSCRIBE") else Verbs()
        else:
            self._cluster.nodes_manager.initialize()

    def place(self, name: str) -> str:
        if self.verbs is SHARDED:
            return str(self.cluster.get_node_from_key(name).name)
        return str(self.cluster.get_default_node().name)

    def places(self) -> Collection[str]:
        return [str(node.name) for node in self.cluster.get_primaries()]

    def connection(self, place: str) -> ConnectionInterface:
        return new_connection(self.client(place))

    def client(self, place: str) -> Redis:
        return self.cluster.get_redis_connection(self.cluster.get_node(node_name=place))

    def whole(self) -> RedisCluster:
        return self.cluster

    @property
    def cluster(self) -> RedisCluster:
        if self._cluster is None:
            self.refresh()
        return cast(RedisCluster, self._cluster)

    def _has(self, command: str) -> bool:
        connection = self.connection(str(self.cluster.get_default_node().name))
        try:
            connection.send_command("COMMAND", "INFO", command)
            return bool(connection.read_response()[0])
        finally:
            connection.disconnect()


def new_connection(client: Redis) -> ConnectionInterface:
    pool = client.connection_pool
    connection: ConnectionInterface = pool.connection_class(**pool.connection_kwargs)
    return connection


def server(url: str) -> Server:
    """Raises ValueError for what isn't one of the above. Connects to nothing."""
    scheme, _, kind = url.partition("://")[0].partition("+")
    # Failures are ours to count and to repair, at once.
    options: dict[str, Any] = {
        "socket_timeout": PATIENCE,
        "socket_connect_timeout": PATIENCE,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    if not kind:
        return Single(Redis.from_url(url, **options))
    parts = urlsplit(url)
    options |= {name: unquote(value) for name in ("username", "password") if (value := getattr(parts, name))}
    if scheme == "rediss":
        options["ssl"] = True
    if kind == "cluster":
        nodes = [ClusterNode(host, port) for host, port in hosts(parts.netloc, CLUSTER_PORT)]
        return Cluster(nodes, options)
    if kind != "sentinel":
        raise ValueError(f"There is no {scheme}+{kind}.")
    service, _, number = parts.path.strip("/").partition("/")
    sentinel = Sentinel(hosts(parts.netloc, SENTINEL_PORT), **options)
    return Single(sentinel.master_for(service, db=int(number or 0)))


def hosts(netloc: str, port: int) -> list[tuple[str, int]]:
    found = [urlsplit(f"//{host}") for host in netloc.rpartition("@")[2].split(",")]
    if not all(host.hostname for host in found):
        raise ValueError("It names no host.")
    return [(host.hostname or "", host.port or port) for host in found]
