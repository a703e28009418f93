"""The kinds of Redis, by their addresses: the same bus on each of them."""

import subprocess
import sys

import pytest

from chatsite.realtime.cluster import topology
from tests.support import ROOT
from tests.support.servers.redis import redis
from tests.support.servers.redis_clusters import cluster, sentinels

# In a process of its own, as eventlet must never patch the tests'.
TALK = """
import eventlet
eventlet.monkey_patch()
import sys
from chatsite.realtime.cluster.bus import Bus
from chatsite.realtime.cluster.topology import server

one, other = Bus(server(sys.argv[1]), "t:"), Bus(server(sys.argv[1]), "t:")
heard = []
other.on_message = lambda channel, data: heard.append((channel, data))
for n in range(50):
    other.subscribe(f"r:room{n}")
one.start(), other.start()
with eventlet.Timeout(60):
    while not (one.up and other.up):
        eventlet.sleep(0.01)
other.subscribe("late")
with eventlet.Timeout(60):
    while "t:late" not in other._confirmed:
        eventlet.sleep(0.01)
wanted = [(f"r:room{n}", b"hello") for n in range(50)] + [("late", b"hello")]
for channel, data in wanted:
    one.publish(channel, data)
one.publish("foreign", b"hello")
with eventlet.Timeout(60):
    while len(heard) < len(wanted) or not (one.lag and other.lag):
        eventlet.sleep(0.01)
eventlet.sleep(0.3)
assert sorted(heard) == sorted(wanted), heard
other.unsubscribe("late"), other._flush()
with eventlet.Timeout(60):
    while any(link._ending for link in other._subscribers.values()):
        eventlet.sleep(0.01)
one.publish("late", b"again")
eventlet.sleep(0.3)
assert len(heard) == len(wanted)
assert not (one.deaf or other.deaf) and one.publisher.dropped == 0
one.stop(), other.stop()
print("verbs", one.server.verbs.publish)
"""

# Who leaves a room and comes back at once is alone in it.
BACK = """
import eventlet
eventlet.monkey_patch()
import sys
from chatsite.realtime.cluster.bus import Bus
from chatsite.realtime.cluster.topology import server

bus, ups, heard = Bus(server(sys.argv[1]), "t:"), [], []
bus.on_up = lambda: ups.append(1)
bus.on_message = lambda channel, data: heard.append(data)
bus.subscribe("r:room")
bus.start()
with eventlet.Timeout(60):
    while not bus.up:
        eventlet.sleep(0.01)
for _ in range(3):
    # All is said before an answer is read.
    bus.unsubscribe("r:room"), bus._flush()
    bus.subscribe("r:room"), bus._flush()
with eventlet.Timeout(60):
    while b"after" not in heard:
        bus.publish("r:room", b"after")
        eventlet.sleep(0.05)
assert ups == [1], "it began anew"
(link,) = bus._subscribers.values()
assert not link._ending
bus.unsubscribe("r:room"), bus._flush()
with eventlet.Timeout(60):
    while link._ending:
        eventlet.sleep(0.01)
bus.publish("r:room", b"foreign")
eventlet.sleep(0.3)
assert b"foreign" not in heard
print("back")
"""

REFUSED = """
import eventlet
eventlet.monkey_patch()
import sys, time
from chatsite.realtime.cluster.bus import Bus
from chatsite.realtime.cluster.topology import server

bus = Bus(server(sys.argv[1]), "t:")
bus.start()
with eventlet.Timeout(60):
    while not bus.up:
        eventlet.sleep(0.01)
for _ in range(10):
    bus.publish("r:room", b"hello")
with eventlet.Timeout(60):
    while bus.publisher.dropped < 10:
        eventlet.sleep(0.01)
began = time.process_time()
eventlet.sleep(1)
assert time.process_time() - began < 0.3, "it tries again and again"
print("refused")
"""

# `one` listens to nothing on the node that dies, and says something there and on another all the while.
DEAD_NODE = """
import eventlet
eventlet.monkey_patch()
import os, signal, sys
from chatsite.realtime.cluster.bus import Bus
from chatsite.realtime.cluster.topology import server

url, pids = sys.argv[1], dict(part.split("=") for part in sys.argv[2:])
one, other = Bus(server(url), "t:"), Bus(server(url), "t:")
heard = []
other.on_message = lambda channel, data: heard.append(channel)
one.start(), other.start()
with eventlet.Timeout(60):
    while not (one.up and other.up):
        eventlet.sleep(0.01)
(dead,) = pids
by_place = {one.server.node(f"t:{n}"): str(n) for n in range(100)}
far, near = by_place[dead], next(name for place, name in by_place.items() if place != dead)
while one.server.node(one._canary) == dead:
    one.unsubscribe(one._canary.removeprefix("t:"))
    one._canary += "x"
    one.subscribe(one._canary.removeprefix("t:"))
other.subscribe(far), other.subscribe(near)
with eventlet.Timeout(60):
    while not {"t:" + far, "t:" + near} <= other._confirmed:
        eventlet.sleep(0.01)
os.kill(int(pids[dead]), signal.SIGKILL)
with eventlet.Timeout(60):
    while not {far, near} <= set(heard):
        one.publish(far, b"hello"), one.publish(near, b"hello")
        eventlet.sleep(0.02)
lost = one.publisher.dropped
# What was for the living node has all gone out.
assert lost and one.publisher.sent > lost, (lost, one.publisher.sent)
print("whole")
"""


def talk(url, script=TALK, *more):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, url, *more],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


@pytest.mark.realtime
def test_who_leaves_a_channel_and_comes_back_at_once_disturbs_nobody():
    with redis() as server:
        assert talk(server.url, BACK) == "back"


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
    with redis() as server, sentinels(server) as address:
        assert talk(f"redis+sentinel://{address}/chat/0") == "PUBLISH"


@pytest.mark.realtime
def test_a_cluster_with_sharded_channels():
    with cluster() as nodes:
        assert talk(f"redis+cluster://{nodes.addresses}") == "SPUBLISH"


@pytest.mark.realtime
def test_a_node_of_a_cluster_dies_of_which_nothing_is_heard():
    with cluster() as nodes:
        dead = nodes.masters[2]
        nodes.replicate(dead)
        who = f"127.0.0.1:{dead.port}={dead.process.pid}"
        assert talk(f"redis+cluster://{nodes.addresses}", DEAD_NODE, who) == "whole"


def test_the_parts_of_an_address():
    assert topology.hosts("ada:secret@one:1,two", 26379) == [("one", 1), ("two", 26379)]
    with pytest.raises(ValueError, match="no host"):
        topology.hosts(",", 1)
    with pytest.raises(ValueError, match="no redis"):
        topology.server("redis+ring://one")
