"""Polling, and the way from it to a websocket."""

import http.client
import json
import threading
import time

import pytest

from tests.support.clients.raw_clients import RawSocket, query
from tests.support.servers.harness import ANSWER

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("alive")]


def test_polling_echoes(polling):
    assert polling.connect().call("echo", {"text": "é"}) == {"ok": True, "echo": {"text": "é"}}


def test_a_poll_waits_for_its_event(site, polling, raw):
    polling.connect()
    polling.send('42["join",{"room":"poll"}]')
    began = time.monotonic()
    timer = threading.Timer(0.5, lambda: raw().connect().emit("say", {"room": "poll", "text": "late"}))
    timer.start()
    assert polling.until("42") == '42["said",{"n":0,"text":"late"}]'
    assert time.monotonic() - began > 0.4
    timer.join()


def test_many_packets_come_and_go_in_one_payload_in_order(polling):
    polling.connect()
    assert polling.send(*[f'42{n}["echo",{{"n":{n}}}]' for n in range(100)]) == 200
    heard = []
    while len(heard) < 100:
        heard += [packet for packet in polling.packets() if packet.startswith("43")]
    assert [json.loads(packet[packet.index("[") :])[0]["echo"]["n"] for packet in heard] == list(range(100))


def test_a_second_poll_at_once_ends_the_session(polling):
    polling.connect()
    first = polling.start("GET")
    time.sleep(0.2)
    assert polling.request("GET")[0] == 400
    assert first.getresponse().read() == b"1"
    assert polling.send("3") == 400


def test_a_post_is_read_when_all_of_it_has_come(site, polling):
    polling.connect()
    first = http.client.HTTPConnection(site.host, site.port, timeout=ANSWER)
    first.putrequest("POST", query(transport="polling", sid=polling.sid))
    rest = b'0["echo",{"n":1}]'
    first.putheader("Content-Length", str(2 + len(rest)))
    first.endheaders(b"42")
    time.sleep(0.2)
    assert polling.send('421["echo",{"n":2}]') == 200
    assert polling.packets() == ['431[{"ok":true,"echo":{"n":2}}]']
    first.send(rest)
    assert first.getresponse().status == 200
    assert polling.packets() == ['430[{"ok":true,"echo":{"n":1}}]']
    first.close()


def test_a_cancelled_poll_ends_the_session_at_once(site, polling, raw):
    watcher = raw().connect()
    polling.connect("hangs-up")
    poll = polling.start("GET")
    time.sleep(0.2)
    poll.sock.close()
    # Before it would be missed after 8 and 6 seconds.
    deadline = time.monotonic() + 7
    while ["disconnected", "hangs-up"] not in watcher.call("state")["history"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_cancelled_post_leaves_the_session(site, polling):
    polling.connect()
    post = http.client.HTTPConnection(site.host, site.port, timeout=ANSWER)
    post.putrequest("POST", query(transport="polling", sid=polling.sid))
    post.putheader("Content-Length", "500")
    post.endheaders(b'42["echo",')
    post.close()
    time.sleep(0.2)
    assert polling.send('420["echo",{}]') == 200
    assert polling.packets() == ['430[{"ok":true,"echo":{}}]']


def test_large_packets_in_one_payload_are_answered_each(polling):
    """python-socketio puts all that waits into one."""
    polling.connect()
    escaped, large = json.dumps({"text": "\U0001f600" * 10_000}), '{"text":"' + "x" * 200_000 + '"}'
    packets = [f'42{n}["echo",{large if n == 2 else escaped}]' for n in range(6)]
    assert polling.send(*packets, f'42["echo",{large}]') == 200
    heard = []
    while len(heard) < 7:
        heard += [packet for packet in polling.packets() if packet != "2"]
    acks = [json.loads(packet[3:])[0] for packet in heard[:6]]
    assert [ack["ok"] for ack in acks] == [True, True, False, True, True, True]
    assert acks[2]["error"]["code"] == "too_large"
    name, failed = json.loads(heard[6][2:])
    assert (name, failed["event"], failed["error"]["code"]) == ("request-failed", "echo", "too_large")


def test_who_is_not_let_in_yet_posts_less(polling):
    polling.open()
    assert polling.send("4" * 70_000) == 413
    assert polling.send("3") == 400


# What is posted → the status and the code of its answer.
BAD = (400, 3)
BROKEN = {
    b"x": BAD,
    b"": BAD,
    b"4\xff": BAD,
    b"\xff\xfe\x00": BAD,
    b"bAAAA": BAD,
    b'42["echo",{}]\x1ebAAAA': BAD,
    b"2": BAD,
    b"2probe": BAD,
    b"5": BAD,
    b"4": BAD,
    b"4x": BAD,
    b"42": BAD,
    b"42[": BAD,
    b"42{}": BAD,
    b"42[5]": BAD,
    b'42/other,["echo",{}]': BAD,
    b'451-["a",{"_placeholder":true,"num":0}]': BAD,
    b"40": BAD,
    b"3\x1e\x1e3": BAD,
    b"3\x1e": BAD,
    b"1\x1e3": BAD,
    b"3" * 65537: BAD,
    b'42["echo",{"a":"' + b"x" * 262144 + b'"}]': (413, 3),
    b"3\x1e" * 524_288 + b"3": (413, 3),
    b"3\x1e4\xff": BAD,
}


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: repr(body[:24]))
def test_a_broken_payload_is_refused_and_ends_the_session(polling, raw, body):
    watcher = raw().connect()
    polling.connect(f"broken-{hash(body)}")
    status, answer = polling.request("POST", body)
    assert (status, json.loads(answer)["code"]) == BROKEN[body]
    assert polling.packets()[-1] == "1"
    assert polling.send("3") == 400
    assert ["disconnected", f"broken-{hash(body)}"] in watcher.call("state")["history"]


@pytest.mark.parametrize("body", [b"3", b"6", b'42["echo",{}]', b'420["nothing",5]', b"41", b"1", b"3\x1e3"])
def test_a_payload_of_the_protocol_is_taken(polling, body):
    polling.connect()
    assert polling.request("POST", body) == (200, "ok")


# The method and what differs from a good request → the status and the code of its answer.
WRONG = [
    ("GET", {"sid": "nobody"}, (400, 1)),
    ("POST", {"sid": "nobody"}, (400, 1)),
    ("POST", {"sid": ""}, (400, 1)),
    ("GET", {"sid": "nobody", "EIO": "3"}, (400, 1)),
    ("GET", {"EIO": "3"}, (400, 5)),
    ("GET", {"EIO": ""}, (400, 5)),
    ("POST", {}, (400, 2)),
    ("GET", {"transport": "carrier-pigeon"}, (400, 0)),
    ("POST", {"transport": ""}, (400, 0)),
    ("GET", {"transport": "websocket"}, (400, 3)),
    ("GET", {"j": "0"}, (400, 3)),
    ("PUT", {}, (405, 2)),
    ("DELETE", {}, (405, 2)),
]


@pytest.mark.parametrize(("method", "parameters", "answer"), WRONG)
def test_a_wrong_request_is_refused(polling, method, parameters, answer):
    status, body = polling.request(method, b"3" if method == "POST" else None, **parameters)
    assert (status, json.loads(body)["code"]) == answer


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "1048577", "9" * 30])
def test_a_length_that_is_none_is_refused(polling, length):
    polling.connect()
    assert polling.request("POST", b"3", {"Content-Length": length})[0] in (400, 413)


def test_a_session_is_asked_for_by_its_own_transport(polling):
    polling.connect()
    assert polling.request("GET", transport="websocket")[0] == 400
    assert polling.call("echo") == {"ok": True, "echo": {}}


def test_the_end_of_a_session_is_told_with_what_waits(polling, raw):
    polling.connect("ended")
    raw().connect().call("end", {"user": "ended"})
    assert polling.packets() == ['42["session-ended",{"code":"banned"}]', "41"]
    # By itself: the official client forgets what comes with it.
    assert polling.packets() == ["1"]


# The upgrade


def probe(site, polling):
    socket = RawSocket(site, query(transport="websocket", sid=polling.sid))
    assert socket.status == 101
    return socket


def test_an_upgrade_loses_nothing_and_keeps_the_order(site, polling, raw):
    polling.connect()
    polling.send('42["join",{"room":"move"}]')
    speaker = raw().connect()
    heard = []

    def poll_until_noop():
        while True:
            packets = polling.packets()
            heard.extend(packet for packet in packets if packet.startswith("42"))
            if "6" in packets:
                return

    poller = threading.Thread(target=poll_until_noop)
    poller.start()
    speaker.emit("say", {"room": "move", "times": 60, "pause": 0.005})
    time.sleep(0.1)
    socket = probe(site, polling)
    socket.send("2probe")
    assert socket.text() == "3probe"
    poller.join(ANSWER)
    assert not poller.is_alive()
    time.sleep(0.05)
    socket.send("5")
    while len(heard) < 60:
        heard.append(socket.until("42"))
    assert [json.loads(packet[2:])[1]["n"] for packet in heard] == list(range(60))
    # Where all of them came by polling, its answer says that the move is done.
    assert socket.call("echo") == {"ok": True, "echo": {}}
    assert polling.request("GET")[0] == 400
    assert polling.send("3") == 400
    assert socket.call("echo") == {"ok": True, "echo": {}}
    socket.close()


def test_a_probe_ends_the_waiting_poll(site, polling):
    polling.connect()
    poll = polling.start("GET")
    time.sleep(0.1)
    with probe(site, polling) as socket:
        socket.send("2probe")
        assert poll.getresponse().read() == b"6"


def test_a_second_websocket_for_a_session_is_refused(site, polling):
    polling.connect()
    with probe(site, polling) as socket:
        assert RawSocket(site, query(transport="websocket", sid=polling.sid)).status == 400
        socket.send("2probe")
        assert socket.text() == "3probe"
        socket.send("5")
        assert socket.call("echo") == {"ok": True, "echo": {}}
        assert RawSocket(site, query(transport="websocket", sid=polling.sid)).status == 400


@pytest.mark.parametrize("wrong", ["5", "40", "2", "x", '42["echo",{}]'])
def test_a_wrong_probe_fails_and_polling_goes_on(site, polling, wrong):
    polling.connect()
    with probe(site, polling) as socket:
        socket.send(wrong)
        assert socket.end() is None
    assert polling.call("echo") == {"ok": True, "echo": {}}


def test_a_probe_that_goes_away_leaves_polling(site, polling):
    polling.connect()
    probe(site, polling).close()
    deadline = time.monotonic() + ANSWER
    # While the server hasn't heard that the first is gone it is a second one.
    while (half_way := RawSocket(site, query(transport="websocket", sid=polling.sid))).status != 101:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    half_way.send("2probe")
    assert half_way.text() == "3probe"
    half_way.close()
    time.sleep(0.1)
    assert polling.call("echo") == {"ok": True, "echo": {}}
