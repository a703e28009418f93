"""What the numbers say of a real server after something has happened there."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.support.clients.cast import Chatter, rest, settle
from tests.support.clients.raw_clients import Polling, RawSocket
from tests.support.run.waiting import wait_for
from tests.support.servers.logged_site import lines, serve
from tests.support.sites import FAULTY

pytestmark = pytest.mark.realtime
TOKEN = "0123456789abcdef0123"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    settings = {"METRICS_TOKEN": TOKEN, "ACCESS_LOG": "true"}
    with serve(tmp_path_factory.mktemp("numbers"), FAULTY, **settings) as server:
        yield server, settle(server)


def numbers(server):
    """`{("name", label, …): value}`, the labels' values in the order of their names."""
    answer = requests.get(server.url + "/metrics", timeout=30)
    assert answer.status_code == 200
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


class Watch:
    """What has changed since it was made."""

    def __init__(self, server):
        self.server, self.before = server, numbers(server)

    def of(self, *name):
        return numbers(self.server).get(name, 0) - self.before.get(name, 0)

    def until(self, value, *name):
        """Counted a moment after it was answered; never more than that."""
        end = time.monotonic() + 30
        while (seen := self.of(*name)) < value and time.monotonic() < end:
            time.sleep(0.05)
        assert seen == value, name

    def until_gone(self, *name):
        """No more than before, when something of an earlier test may have been there still."""
        wait_for(lambda: self.of(*name) <= 0)


def test_sockets_come_and_go(site):
    server, tokens = site
    watch = Watch(server)
    here = [Chatter(server, tokens[name]) for name in ("owner", "member", "member")]
    here[0].join("lobby")
    here[1].join("board")
    watch.until(3, "chatsite_connections")
    watch.until(2, "chatsite_users_online")
    watch.until(2, "chatsite_rooms_joined")
    watch.until(3, "chatsite_sockets", "websocket")
    watch.until(3, "chatsite_handshakes_total", "websocket")
    watch.until(3, "chatsite_admissions_total", "ok")
    watch.until(3, "chatsite_batch_size_sum", "connect")
    for one in here:
        one.close()
    watch.until_gone("chatsite_connections")
    watch.until_gone("chatsite_rooms_joined")
    watch.until(3, "chatsite_closings_total", "client disconnect")


def test_strangers(site):
    server, _ = site
    watch = Watch(server)
    with RawSocket(server) as raw:
        raw.text()
        raw.send('40{"token":"none"}')
        raw.text()
        watch.until_gone("chatsite_half_open")
    with RawSocket(server, headers={"Origin": "https://stranger.example"}) as raw:
        assert raw.status == 403
    Polling(server).request("GET", sid="stranger")
    watch.until(1, "chatsite_admissions_total", "unauthorized")
    watch.until(1, "chatsite_refusals_total", "Origin not allowed", "403")
    watch.until(1, "chatsite_refusals_total", "Session ID unknown", "400")


def test_events_and_deliveries(site):
    server, tokens = site
    sender, reader = Chatter(server, tokens["owner"]), Chatter(server, tokens["member"])
    sender.join("lobby")
    reader.join("lobby")
    watch = Watch(server)
    for _ in range(5):
        sender.say("lobby")
    sender.say("nowhere")
    sender.call("nonsense", {})
    reader.round_trip()
    watch.until(5, "chatsite_events_total", "chat-message", "ok")
    watch.until(1, "chatsite_events_total", "chat-message", "not_found")
    watch.until(1, "chatsite_events_total", "other", "unknown_event")
    watch.until(10, "chatsite_deliveries_total", "chat-message")
    watch.until(6, "chatsite_batch_size_sum", "message")
    wait_for(lambda: watch.of("chatsite_batch_seconds_count", "message") >= 1)
    wait_for(lambda: watch.of("chatsite_fan_out_seconds_count") >= 5)
    watch.until_gone("chatsite_outbox_bytes")
    sender.close()
    reader.close()


def test_a_made_up_name_makes_no_metric(site):
    server, tokens = site
    chatter = Chatter(server, tokens["owner"])
    for number in range(20):
        chatter.call(f"made-up-{number}", {})
    chatter.close()
    for number in range(20):
        requests.request(f"MADE{number}", f"{server.url}/made-up-{number}")
    assert "made" not in str(numbers(server).keys()).lower()


def test_requests(site):
    server, tokens = site
    watch = Watch(server)
    rest(server, tokens["member"], "GET", "/room/lobby")
    rest(server, tokens["stranger"], "GET", "/room/board")
    rest(server, tokens["member"], "POST", "/message", room="lobby", body="a bug")
    watch.until(1, "chatsite_http_requests_total", "GET", "200", "room-detail")
    watch.until(1, "chatsite_http_requests_total", "GET", "404", "room-detail")
    watch.until(1, "chatsite_http_requests_total", "POST", "500", "message-list")
    watch.until(2, "chatsite_http_request_seconds_count", "GET", "room-detail")


def test_the_loop_and_the_process(site):
    server, _ = site
    watch = Watch(server)
    wait_for(lambda: watch.of("chatsite_hub_lag_seconds_count") >= 2)
    now = numbers(server)
    assert now["process_open_fds",] > 5
    assert now["process_resident_memory_bytes",] > 1e7
    assert now["chatsite_database_connections", "used"] >= 1
    assert now["chatsite_runners_waiting",] == 0


def test_a_token_reads_them_from_elsewhere(site):
    server, _ = site
    elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    assert requests.get(server.url + "/metrics", headers=elsewhere).status_code == 401
    bearer = {**elsewhere, "Authorization": f"Bearer {TOKEN}"}
    assert "chatsite_connections" in requests.get(server.url + "/metrics", headers=bearer).text


def test_lines_of_requests_side_by_side_have_their_own_ids(site):
    server, tokens = site
    before = len(lines(server))
    headers = {"Authorization": f"Token {tokens['member']}"}

    def fail(number):
        body = {"room": "lobby", "body": f"a bug {number}", "client_id": str(uuid.uuid4())}
        return requests.post(server.url + "/message", json=body, headers=headers).headers["X-Request-ID"]

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(fail, range(24)))
    assert len(set(ids)) == 24

    def kinds(one):
        told = [line for line in lines(server)[before:] if "request=" in line and one in line]
        return sorted(line.split(" ")[3] for line in told)

    for one in ids:
        wait_for(lambda one=one: len(kinds(one)) >= 2)
        assert kinds(one) == ["chatsite.access:", "django.request:"]
