"""A master dies under load, and another takes its place; a slot moves. Nothing acknowledged is lost."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread

import pytest
from redis.exceptions import RedisError

from chatsite.realtime.cluster.envelope import Seal
from tests.support.clients.cast import Chatter, settle
from tests.support.clients.room_reader import Reader
from tests.support.servers.harness import serve
from tests.support.servers.postgres import postgres
from tests.support.servers.redis import redis
from tests.support.servers.redis_clusters import cluster, sentinels, wait_until
from tests.support.sites import CLUSTER

pytestmark = pytest.mark.realtime


class Pair:
    """Two processes of one site. Somebody sends in each of them, and somebody reads in each."""

    def __init__(self, folder, stack, database, tokens, redis_url):
        settings = {"DATABASE_URL": database, "REDIS_URL": redis_url}
        self.servers = [
            stack.enter_context(serve(folder / name, CLUSTER, **settings)) for name in ("one", "other")
        ]
        self.tokens = tokens
        tokens.update(tokens or settle(self.servers[0]))
        self.stack = stack
        self.senders = [self.chatter(server, "owner") for server in self.servers]
        self.readers = [Reader(self.chatter(server, "member"), "board") for server in self.servers]
        self.slowest, self.heads = 0.0, [0]
        wait_until(lambda: all(sender.call("inside", {})["up"] for sender in self.senders))

    def chatter(self, server, name):
        chatter = Chatter(server, self.tokens[name])
        self.stack.callback(chatter.close)
        return chatter

    @contextmanager
    def load(self) -> Iterator[None]:
        over = Event()
        threads = [Thread(target=self._send, args=(sender, over)) for sender in self.senders]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def _send(self, sender, over):
        while not over.is_set():
            began = time.monotonic()
            self.heads.append(sender.say("board")["message"]["seq"])
            self.slowest = max(self.slowest, time.monotonic() - began)
            time.sleep(0.02)

    def live(self):
        """Whether what is said in one process is heard in the other, both ways."""
        for here, there in (self.senders, self.readers[1:]), (self.senders[1:], self.readers):
            seq = here[0].say("board")["message"]["seq"]
            until = time.monotonic() + 2.0
            while seq not in there[0].live():
                if time.monotonic() > until:
                    return False
                time.sleep(0.01)
        return True

    def check(self, pace):
        head = max(self.heads)
        wait_until(lambda: all(reader.knows_of(head) for reader in self.readers))
        assert all(reader.whole(head) for reader in self.readers)
        # Less than any of the outages.
        assert self.slowest < pace.allowed(1.5), pace
        assert len(set(self.heads)) == len(self.heads)

    def check_presence(self, online):
        """The same in both, soon, and nobody was shown as gone meanwhile."""
        readers = [reader.chatter for reader in self.readers]
        wait_until(lambda: all(reader.join("lobby")["online"] == online for reader in readers))
        assert not any(reader.all("user-disconnected") for reader in readers)


@pytest.fixture(scope="module")
def database():
    """Its address, and the tokens of its people, once there are some."""
    with postgres() as url:
        yield url, {}


def test_a_master_dies_and_sentinels_name_another(database, pace, tmp_path):
    with ExitStack() as stack:
        master = stack.enter_context(redis())
        replica = stack.enter_context(redis("--replicaof", "127.0.0.1", str(master.port)))
        addresses = stack.enter_context(sentinels(master, 3))
        pair = Pair(tmp_path, stack, *database, f"redis+sentinel://{addresses}/chat/0")
        wait_until(pair.live)
        with pair.load():
            time.sleep(0.3)
            master.kill()
            wait_until(lambda: is_master(replica))
            wait_until(pair.live)
        pair.check(pace)
        pair.check_presence(["member", "owner"])


def test_a_slot_of_a_cluster_moves_and_its_new_master_dies(database, pace, tmp_path):
    with ExitStack() as stack:
        nodes = stack.enter_context(cluster())
        pair = Pair(tmp_path, stack, *database, f"redis+cluster://{nodes.addresses}")
        prefix = Seal(pair.servers[0].environ["SECRET_KEY"]).prefix
        channel = f"{prefix}r:board"
        master = next(node for node in nodes.masters if node is not nodes.master_of(channel))
        replica = nodes.replicate(master)
        wait_until(pair.live)
        with pair.load():
            nodes.move(channel, master)
            wait_until(pair.live)
        pair.check(pace)
        wait_until(lambda: master.client.execute_command("PUBSUB", "SHARDNUMSUB", channel)[1] == 2)
        with pair.load():
            master.kill()
            came = pair.chatter(pair.servers[1], "visitor")
            wait_until(lambda: is_master(replica))
            wait_until(pair.live)
        pair.check(pace)
        came.join("lobby")
        pair.check_presence(["member", "owner", "visitor"])


def is_master(server):
    try:
        return server.client.info("replication")["role"] == "master"
    except RedisError:
        # Whoever names it master ends its connections.
        return False
