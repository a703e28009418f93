"""What the numbers say of a real server after something has happened there."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.metrics.served import lines, serve
from tests.realtime.cast import Chatter, rest, settle
from tests.realtime.clients import Polling, RawSocket

pytestmark = pytest.mark.realtime
TOKEN = "0123456789abcdef0123"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    settings = {"METRICS_TOKEN": TOKEN, "ACCESS_LOG": "true"}
    with serve(tmp_path_factory.mktemp("numbers"), "tests.metrics.faulty:application", **settings) as server:
        yield server, settle(server)


def numbers(server):
    """`{("name", label, …): value}`, the labels' values in the order of their names."""
    answer = requests.get(server.url + "/metrics", timeout=10)
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
        """What the server does a moment after it has answered."""
        end = time.monotonic() + 5
        while (seen := self.of(*name)) != value:
            assert time.monotonic() < end, (name, seen)
            time.sleep(0.05)


def test_sockets_come_and_go(site):
    server, tokens = site
    watch = Watch(server)
    here = [Chatter(server, tokens[name]) for name in ("owner", "member", "member")]
    here[0].join("lobby")
    here[1].join("board")
    assert watch.of("chatsite_connections") == 3
    assert watch.of("chatsite_users_online") == 2
    assert watch.of("chatsite_rooms_joined") == 2
    assert watch.of("chatsite_sockets", "websocket") == 3
    assert watch.of("chatsite_handshakes_total", "websocket") == 3
    assert watch.of("chatsite_admissions_total", "ok") == 3
    assert watch.of("chatsite_batch_size_sum", "connect") == 3
    for one in here:
        one.close()
    watch.until(0, "chatsite_connections")
    watch.until(0, "chatsite_rooms_joined")
    watch.until(3, "chatsite_closings_total", "client disconnect")


def test_strangers(site):
    server, _ = site
    watch = Watch(server)
    with RawSocket(server) as raw:
        raw.text()
        raw.send('40{"token":"none"}')
        raw.text()
        assert watch.of("chatsite_half_open") == 0
    with RawSocket(server, headers={"Origin": "https://stranger.example"}) as raw:
        assert raw.status == 403
    Polling(server).request("GET", sid="stranger")
    assert watch.of("chatsite_admissions_total", "unauthorized") == 1
    assert watch.of("chatsite_refusals_total", "Origin not allowed", "403") == 1
    assert watch.of("chatsite_refusals_total", "Session ID unknown", "400") == 1


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
    assert watch.of("chatsite_events_total", "chat-message", "ok") == 5
    assert watch.of("chatsite_events_total", "chat-message", "not_found") == 1
    assert watch.of("chatsite_events_total", "other", "unknown_event") == 1
    assert watch.of("chatsite_deliveries_total", "chat-message") == 10
    assert watch.of("chatsite_batch_size_sum", "message") == 6
    assert watch.of("chatsite_batch_seconds_count", "message") >= 1
    assert watch.of("chatsite_fan_out_seconds_count") >= 5
    assert watch.of("chatsite_outbox_bytes") == 0
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
    assert watch.of("chatsite_http_requests_total", "GET", "200", "room-detail") == 1
    assert watch.of("chatsite_http_requests_total", "GET", "404", "room-detail") == 1
    assert watch.of("chatsite_http_requests_total", "POST", "500", "message-list") == 1
    assert watch.of("chatsite_http_request_seconds_count", "GET", "room-detail") == 2


def test_the_loop_and_the_process(site):
    server, _ = site
    watch = Watch(server)
    time.sleep(2.2)
    assert watch.of("chatsite_hub_lag_seconds_count") >= 2
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
    told = [line for line in lines(server)[before:] if "request=" in line]
    assert len(set(ids)) == 24
    for one in ids:
        kinds = [line.split(" ")[3] for line in told if one in line]
        assert sorted(kinds) == ["chatsite.access:", "django.request:"]
