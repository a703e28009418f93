"""The kinds of Redis, by their addresses: the same bus on each of them."""

import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import pytest
from redis import Redis
from redis.exceptions import RedisError

from chatsite.bus import servers
from tests.bus.redis import redis
from tests.realtime.harness import ROOT, free_port

# In a process of its own, as eventlet must never patch the tests'.
TALK = """
import eventlet
eventlet.monkey_patch()
import sys
from chatsite.bus.bus import Bus
from chatsite.bus.servers import server

one, other = Bus(server(sys.argv[1]), "t:"), Bus(server(sys.argv[1]), "t:")
heard = []
other.on_message = lambda channel, data: heard.append((channel, data))
for n in range(50):
    other.subscribe(f"r:room{n}")
one.start(), other.start()
with eventlet.Timeout(10):
    while not (one.up and other.up):
        eventlet.sleep(0.01)
other.subscribe("late")
eventlet.sleep(0.2)
wanted = [(f"r:room{n}", b"hello") for n in range(50)] + [("late", b"hello")]
for channel, data in wanted:
    one.publish(channel, data)
one.publish("foreign", b"hello")
eventlet.sleep(0.5)
assert sorted(heard) == sorted(wanted), heard
other.unsubscribe("late")
eventlet.sleep(0.2)
one.publish("late", b"again")
eventlet.sleep(0.2)
assert len(heard) == len(wanted)
assert not one.deaf and other.canary_age < 5 and one.publisher.dropped == 0
one.stop(), other.stop()
print("verbs", one.server.verbs.publish)
"""

REFUSED = """
import eventlet
eventlet.monkey_patch()
import sys, time
from chatsite.bus.bus import Bus
from chatsite.bus.servers import server

bus = Bus(server(sys.argv[1]), "t:")
bus.start()
eventlet.sleep(0.5)
began = time.process_time()
for _ in range(10):
    bus.publish("r:room", b"hello")
eventlet.sleep(1)
assert bus.publisher.dropped >= 10, bus.publisher.dropped
assert time.process_time() - began < 0.3, "it tries again and again"
print("refused")
"""


def talk(url, script=TALK):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


@contextmanager
def cluster(count=3):
    """A Redis Cluster of that many masters. Gives their addresses."""
    ports = [free_port() for _ in range(count)]
    with ExitStack() as stack:
        options = ("--cluster-enabled", "yes", "--cluster-port")
        nodes = [stack.enter_context(redis(*options, str(port))) for port in ports]
        for place, (node, port) in enumerate(zip(nodes, ports, strict=True)):
            first, last = 16384 * place // count, 16384 * (place + 1) // count - 1
            node.client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            nodes[0].client.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, port)
        deadline = time.monotonic() + 20
        while not all(is_whole(node, count) for node in nodes):
            assert time.monotonic() < deadline, "the cluster did not come up"
            time.sleep(0.05)
        yield ",".join(f"127.0.0.1:{node.port}" for node in nodes)


def is_whole(node, count):
    info = node.client.execute_command("CLUSTER", "INFO")
    return b"cluster_state:ok" in info and b"cluster_known_nodes:%d" % count in info


@contextmanager
def sentinel(master):
    """Watches over that Redis, which it calls `chat`."""
    with redis() as server:
        port, folder = server.port, server.folder
        server.kill()
        (folder / "sentinel.conf").write_text(
            f"port {port}\nsentinel monitor chat 127.0.0.1 {master.port} 1\n"
        )
        process = subprocess.Popen(
            ["redis-server", "sentinel.conf", "--sentinel"], cwd=folder, stdout=subprocess.DEVNULL
        )
        try:
            for _ in range(200):
                try:
                    Redis(port=port).ping()
                    break
                except RedisError:
                    time.sleep(0.02)
            yield f"127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


@pytest.mark.realtime
def test_one_redis():
    with redis() as server:
        assert talk(server.url) == "PUBLISH"


@pytest.mark.realtime
def test_one_that_asks_for_a_password():
    with redis() as server:
        server.client.config_set("requirepass", "a secret")
        assert talk(f"redis://:a%20secret@127.0.0.1:{server.port}/1") == "PUBLISH"


@pytest.mark.realtime
def test_one_that_refuses_to_publish():
    with redis() as server:
        server.client.execute_command("ACL", "SETUSER", "default", "-publish")
        assert talk(server.url, REFUSED) == "refused"


@pytest.mark.realtime
def test_the_master_that_sentinel_names():
    with redis() as server, sentinel(server) as address:
        assert talk(f"redis+sentinel://{address}/chat/0") == "PUBLISH"


@pytest.mark.realtime
def test_a_cluster_with_sharded_channels():
    with cluster() as addresses:
        assert talk(f"redis+cluster://{addresses}") == "SPUBLISH"


def test_the_parts_of_an_address():
    assert servers.hosts("ada:secret@one:1,two", 26379) == [("one", 1), ("two", 26379)]
    with pytest.raises(ValueError, match="no host"):
        servers.hosts(",", 1)
    with pytest.raises(ValueError, match="no redis"):
        servers.server("redis+ring://one")
