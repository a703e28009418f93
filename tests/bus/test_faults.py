"""Redis fails in its several ways: nothing acknowledged is lost, acks don't wait, and everybody is whole again soon."""

import time

import pytest
import requests

from tests.bus.conftest import SITE, wait_for
from tests.bus.readers import Reader, send_for
from tests.chaos.proxy import Proxy
from tests.realtime.cast import Browser, rest
from tests.realtime.harness import serve

pytestmark = [pytest.mark.realtime, pytest.mark.serial]

# Seconds, of which the promise is 2: the machine of the tests may be busy.
WHOLE = 3.0


@pytest.fixture
def pair(two):
    """A sender in one process, and readers of its room in both."""
    sender = two.chatter(two.one, "owner")
    near, far = (Reader(two.chatter(server, "member"), "board") for server in (two.one, two.other))
    wait_for(lambda: all(reader.chatter.call("inside", {})["up"] for reader in (near, far)))
    return sender, near, far


def live_again(sender, far):
    seq = sender.say("board", "and on")["message"]["seq"]
    far.chatter.wait("chat-message", seq=seq, timeout=2)


def test_connections_that_listen_are_killed(two, pair):
    sender, near, far = pair
    two.redis.client.client_kill_filter(_type="pubsub")
    head, slowest = send_for(1, sender)
    wait_for(lambda: far.knows_of(head), WHOLE)
    assert slowest < 0.5
    assert near.live() >= set(range(near.begin + 1, head + 1))
    assert far.whole(head)
    live_again(sender, far)


def test_redis_is_killed_and_comes_back(two, pair):
    sender, near, far = pair
    two.redis.kill()
    head, slowest = send_for(2, sender)
    assert slowest < 0.5
    assert near.live() >= set(range(near.begin + 1, head + 1))
    two.redis.start()
    wait_for(lambda: far.knows_of(head), WHOLE)
    assert far.whole(head)
    live_again(sender, far)


def test_a_connection_that_is_dead_and_looks_open_is_noticed(two, tmp_path):
    """As after a cut that a firewall or TCP's own patience doesn't get over: nobody is told that it ended."""
    with Proxy(two.redis.port) as way:
        settings = {**two.settings, "REDIS_URL": f"redis://127.0.0.1:{way.port}/0"}
        with serve(tmp_path, SITE, **settings) as third:
            sender = two.chatter(two.one, "owner")
            far = Reader(two.chatter(third, "member"), "board")
            wait_for(lambda: far.chatter.call("inside", {})["up"])
            live_again(sender, far)
            way.forget()
            way.block()
            head, slowest = send_for(3, sender)
            way.heal()
            wait_for(lambda: far.knows_of(head), WHOLE)
            assert slowest < 0.5
            assert far.whole(head)
            live_again(sender, far)
            two.close()


def test_rest_and_logins_go_on_without_redis(two):
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
            assert time.monotonic() - began < 4
    finally:
        two.redis.go_on()


def test_redis_stops_for_a_while(two, pair):
    sender, near, far = pair
    two.redis.halt()
    head, slowest = send_for(4, sender)
    two.redis.go_on()
    wait_for(lambda: far.knows_of(head), WHOLE)
    assert slowest < 0.5
    assert near.live() >= set(range(near.begin + 1, head + 1))
    assert far.whole(head)
    live_again(sender, far)


def test_who_cannot_hear_says_so_until_it_can(two, pair):
    sender, _, far = pair
    ready = f"{two.other.url}/readyz"
    assert requests.get(ready, timeout=5).json() == {"database": True, "bus": True}
    two.redis.halt()
    wait_for(lambda: requests.get(ready, timeout=5).status_code == 503, 14)
    assert requests.get(ready, timeout=5).json() == {"database": True, "bus": False}
    two.redis.go_on()
    wait_for(lambda: requests.get(ready, timeout=5).status_code == 200, 4)
    live_again(sender, far)


def test_a_command_that_empties_redis_changes_nothing(two, pair):
    sender, near, far = pair
    visitor = two.chatter(two.other, "visitor", "lobby")
    near.chatter.join("lobby")
    time.sleep(0.5)
    seen = len(near.chatter.all("user-disconnected"))
    two.redis.client.flushall()
    head, _ = send_for(1, sender)
    wait_for(lambda: far.knows_of(head), WHOLE)
    # Longer than a lease.
    time.sleep(17)
    assert near.chatter.all("user-disconnected")[seen:] == []
    assert "visitor" in two.chatter(two.one, "member").join("lobby")["online"]
    assert visitor.io.connected
