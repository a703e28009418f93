"""Find the node of a channel or key: one Redis, the master that Sentinel names, or a node of a Cluster.

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

# Seconds for one command to Redis, or one connection.
REDIS_TIMEOUT_SECONDS = 0.5
SENTINEL_PORT, CLUSTER_PORT = 26379, 6379


class Verbs(NamedTuple):
    """The commands of pub/sub, and how many channels one may name."""

    subscribe: str = "SUBSCRIBE"
    unsubscribe: str = "UNSUBSCRIBE"
    publish: str = "PUBLISH"
    # Channels of a shard may lie in different slots, and then go one by one.
    channels_per_command: int = 500


SHARDED = Verbs("SSUBSCRIBE", "SUNSUBSCRIBE", "SPUBLISH", 1)


class Server(Protocol):
    """A kind of Redis. All methods may raise while it is away."""

    verbs: Verbs

    def refresh(self) -> None:
        """Find the nodes again."""

    def node(self, name: str) -> str:
        """Return the node of a channel or a key."""
        ...

    def nodes(self) -> Collection[str]:
        """Return all nodes that may hold something."""
        ...

    def connection(self, node: str) -> ConnectionInterface:
        """Return a new connection to that node, which is the caller's to close."""
        ...

    def client(self, node: str) -> Redis:
        """Return a client of that node."""

    def whole(self) -> Any:
        """Return a client that finds the node of each key by itself."""
        ...


class Single:
    """One Redis; with Sentinel, each new connection asks for the master."""

    verbs = Verbs()

    def __init__(self, client: Redis) -> None:
        self._client = client

    def refresh(self) -> None:
        pass

    def node(self, name: str) -> str:
        return ""

    def nodes(self) -> Collection[str]:
        return [""]

    def connection(self, node: str) -> ConnectionInterface:
        return new_connection(self._client)

    def client(self, node: str) -> Redis:
        return self._client

    def whole(self) -> Redis:
        return self._client


class Cluster:
    """A Cluster. Where its nodes have sharded pub/sub (Redis 7), a message stays on the node of its channel;
    otherwise one node serves all channels, and the cluster passes messages on."""

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

    def node(self, name: str) -> str:
        if self.verbs is SHARDED:
            return str(self.cluster.get_node_from_key(name).name)
        return str(self.cluster.get_default_node().name)

    def nodes(self) -> Collection[str]:
        return [str(node.name) for node in self.cluster.get_primaries()]

    def connection(self, node: str) -> ConnectionInterface:
        return new_connection(self.client(node))

    def client(self, node: str) -> Redis:
        return self.cluster.get_redis_connection(self.cluster.get_node(node_name=node))

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
    """Return the Redis of a URL, without connecting. Raises ValueError for other URLs."""
    scheme, _, kind = url.partition("://")[0].partition("+")
    # No retries: the bus counts failures and reconnects at once.
    options: dict[str, Any] = {
        "socket_timeout": REDIS_TIMEOUT_SECONDS,
        "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
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
    """Return the pairs of host and port. Raises ValueError where a host is missing."""
    found = [urlsplit(f"//{host}") for host in netloc.rpartition("@")[2].split(",")]
    if not all(host.hostname for host in found):
        raise ValueError("It names no host.")
    return [(host.hostname or "", host.port or port) for host in found]
