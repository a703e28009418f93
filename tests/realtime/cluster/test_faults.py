"""Redis fails in its several ways: nothing acknowledged is lost, acks don't wait, and everybody is whole again soon."""

import time

import pytest
import requests

from tests.chaos.proxy import Proxy
from tests.support.clients.cast import Browser, rest
from tests.support.clients.room_reader import Reader, send_for
from tests.support.run.waiting import wait_for
from tests.support.servers.harness import serve
from tests.support.sites import CLUSTER

pytestmark = pytest.mark.realtime

# Seconds, of which the promise is 2; what an ack takes at most, which never waits for Redis; and until a Redis that is
# silent is noticed. On a quiet machine.
WHOLE, ACK, SILENT = 3.0, 0.5, 14.0


@pytest.fixture
def pair(two):
    """A sender in one process, and readers of its room in both."""
    sender = two.chatter(two.one, "owner")
    near, far = (Reader(two.chatter(server, "member"), "board") for server in (two.one, two.other))
    wait_for(lambda: all(reader.chatter.call("inside", {})["up"] for reader in (near, far)))
    return sender, near, far


def check(sender, far, head, slowest, pace):
    """The other process's reader is whole soon, and hears live what comes next."""
    took = wait_for(lambda: far.knows_of(head))
    assert took < pace.allowed(WHOLE), pace
    assert slowest < pace.allowed(ACK), pace
    assert far.whole(head)
    live_again(sender, far, pace)


def live_again(sender, far, pace):
    began = time.monotonic()
    seq = sender.say("board", "and on")["message"]["seq"]
    far.chatter.wait("chat-message", seq=seq)
    # By the next look at all heads it would come anyhow.
    assert time.monotonic() - began < pace.allowed(2), pace


def test_connections_that_listen_are_killed(two, pair, pace):
    sender, near, far = pair
    two.redis.client.client_kill_filter(_type="pubsub")
    head, slowest = send_for(1, sender)
    check(sender, far, head, slowest, pace)
    wait_for(lambda: near.heard(head))


def test_redis_is_killed_and_comes_back(two, pair, pace):
    sender, near, far = pair
    two.redis.kill()
    head, slowest = send_for(2, sender)
    wait_for(lambda: near.heard(head))
    two.redis.start()
    check(sender, far, head, slowest, pace)


def test_a_connection_that_is_dead_and_looks_open_is_noticed(two, pace, tmp_path):
    """As after a cut that a firewall or TCP's own patience doesn't get over: nobody is told that it ended."""
    with Proxy(two.redis.port) as way:
        settings = {**two.settings, "REDIS_URL": f"redis://127.0.0.1:{way.port}/0"}
        with serve(tmp_path, CLUSTER, **settings) as third:
            sender = two.chatter(two.one, "owner")
            far = Reader(two.chatter(third, "member"), "board")
            wait_for(lambda: far.chatter.call("inside", {})["up"])
            live_again(sender, far, pace)
            way.forget()
            way.block()
            head, slowest = send_for(3, sender)
            way.heal()
            check(sender, far, head, slowest, pace)
            two.close()


def test_rest_and_logins_go_on_without_redis(two, pace):
    me = rest(two.one, two.tokens["owner"], "GET", "/user/me")
    assert me.status_code == 200
    two.redis.halt()
    try:
        for server in (two.one, two.other):
            began = time.monotonic()
            answers = [rest(server, two.tokens["owner"], "GET", "/user/me").status_code for _ in range(10)]
            assert answers == [200] * 10
            assert Browser(server, "member").cookies["sessionid"]
            # Half a second for who finds out; nobody after them waits for it.
            assert time.monotonic() - began < pace.allowed(4), pace
    finally:
        two.redis.go_on()


def test_redis_stops_for_a_while(two, pair, pace):
    sender, near, far = pair
    two.redis.halt()
    head, slowest = send_for(4, sender)
    two.redis.go_on()
    check(sender, far, head, slowest, pace)
    wait_for(lambda: near.heard(head))


def test_whoever_is_removed_meanwhile_hears_of_it_and_of_nothing_behind_it(two, pair):
    """By the database, as nobody is told by Redis."""
    sender, _, _ = pair
    rest(two.one, two.tokens["owner"], "POST", "/room/board/member", username="stranger")
    removed, tab = (two.chatter(two.other, "stranger", "board") for _ in range(2))
    two.redis.halt()
    try:
        before = sender.say("board", "before")["message"]["seq"]
        assert rest(two.one, two.tokens["owner"], "DELETE", "/room/board/member/stranger").status_code == 204
        behind = sender.say("board", "behind")["message"]["seq"]
        for chatter in (removed, tab):
            left = chatter.wait("member-left")
            assert (left["room"], left["seq"], left["user"]["username"]) == ("board", before + 1, "stranger")
            assert chatter.all("chat-message")[-1]["seq"] == before
    finally:
        two.redis.go_on()
    far = two.chatter(two.other, "member", "board")
    seq = sender.say("board", "and on")["message"]["seq"]
    far.wait("chat-message", seq=seq)
    for chatter in (removed, tab):
        chatter.round_trip()
        assert len(chatter.all("member-left")) == 1
        assert not {data["seq"] for data in chatter.all("chat-message")} & {behind, seq}


def test_who_cannot_hear_says_so_until_it_can(two, pair, pace):
    sender, _, far = pair

    def ready():
        return requests.get(f"{two.other.url}/readyz", timeout=20).json()

    wait_for(lambda: ready() == {"database": True, "bus": True})
    two.redis.halt()
    took = wait_for(lambda: ready() == {"database": True, "bus": False}, 60)
    assert took < pace.allowed(SILENT), pace
    two.redis.go_on()
    wait_for(lambda: ready() == {"database": True, "bus": True})
    live_again(sender, far, pace)


def test_a_command_that_empties_redis_changes_nothing(two, pair, pace):
    sender, near, far = pair
    near.chatter.join("lobby")
    visitor = two.chatter(two.other, "visitor", "lobby")
    wait_for(lambda: "visitor" in [data["user"]["username"] for data in near.chatter.all("user-connected")])
    two.redis.client.flushall()
    head, slowest = send_for(1, sender)
    check(sender, far, head, slowest, pace)
    # Longer than a lease.
    time.sleep(17)
    # Somebody of an earlier test may be missed only now.
    gone = {data["user"]["username"] for data in near.chatter.all("user-disconnected")}
    assert gone.isdisjoint({"owner", "member", "visitor"})
    assert "visitor" in two.chatter(two.one, "member").join("lobby")["online"]
    assert visitor.io.connected
