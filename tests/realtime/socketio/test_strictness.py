"""Socket.IO's packets at the server: reserved names, attachments, forged connects, deep JSON; and what is logged of it."""

import json
import time

import pytest

from tests.support.clients.raw_clients import RawSocket
from tests.support.servers.harness import ANSWER

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("alive")]

PROTOCOL = 1002


def error(answer):
    assert answer["ok"] is False
    return answer["error"]["code"]


@pytest.mark.parametrize("name", ["connect", "disconnect", "nope", "*", "", "__class__", "message", "é\x00"])
def test_only_names_of_the_contract_are_dispatched(raw, name):
    """Reliability 1: a forged connect or disconnect once ran the library's own handlers."""
    socket = raw().connect("forger")
    before = socket.call("state")["history"]
    assert error(socket.call(name, {"environ": {"HTTP_COOKIE": "sessionid=x"}})) == "unknown_event"
    assert socket.call("state")["history"] == before
    assert socket.call("echo") == {"ok": True, "echo": {}}


def test_a_failure_without_an_ack_is_an_event(raw):
    socket = raw().connect()
    socket.emit("nope", {})
    name, data = socket.event()
    assert (name, data["event"], data["error"]["code"]) == ("request-failed", "nope", "unknown_event")
    socket.emit("echo", {})
    assert socket.call("echo") == {"ok": True, "echo": {}}


@pytest.mark.parametrize("arguments", [[], [None], [1], ["text"], [[]], [{}, {}], [{}, 1], [True]])
def test_anything_but_one_object_is_invalid(raw, arguments):
    socket = raw().connect()
    socket.send("427" + json.dumps(["echo", *arguments]))
    assert error(json.loads(socket.until("437")[3:])[0]) == "invalid"
    socket.emit("echo", *arguments)
    assert socket.event()[1]["error"]["code"] == "invalid"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "text"),
        ({"text": 5}, "text"),
        ({"text": {"$gt": ""}}, "text"),
        ({"text": ["a"]}, "text"),
        ({"text": None}, "text"),
        ({"text": "a\0b"}, "text"),
        ({"text": "a", "times": "2"}, "times"),
        ({"text": "a", "times": 1.5}, "times"),
        ({"text": "a", "times": True}, "times"),
        ({"text": "a", "times": 10**19}, "times"),
        ({"text": "a", "extra": 1}, "extra"),
        ({"text": "x" * 10_001}, "text"),
    ],
)
def test_the_serializer_speaks_in_the_ack(raw, data, field):
    answer = raw().connect().call("speak", data)
    assert error(answer) == "invalid"
    assert list(answer["error"]["fields"]) == [field]


def test_a_lone_surrogate_is_invalid_and_comes_back_readable(raw):
    socket = raw().connect()
    socket.send('427["speak",{"text":"\\ud800"}]')
    assert error(json.loads(socket.until("437")[3:])[0]) == "invalid"
    socket.send('427["speak",{"text":"a","\\udfff":1}]')
    assert error(json.loads(socket.until("437")[3:])[0]) == "invalid"
    socket.send('42["\\ud800",{}]')
    assert socket.event()[1]["error"]["code"] == "unknown_event"


@pytest.mark.parametrize(
    "packet",
    [
        "5", '451-["a",{"_placeholder":true,"num":0}]', '4561-7["a"]', "45999999999-", '44{"message":"x"}', "47", "4x", "4",
        "42", "42{}", "42[]", "42[1]", '42["a"', "42[NaN]", '42/admin,["echo",{}]', "41/admin,", "40{}", "40",
        '421234567890123456["a"]',
        "43", "43{}", '41"x"',
    ],
)  # fmt: skip
def test_what_is_no_packet_of_the_contract_closes_at_once_without_a_ghost(raw, packet):
    """Reliability 2 and 3: attachments grew memory, and a malformed frame left its user in the room for 49 s."""
    watcher, socket = raw().connect(), raw().connect("ghost")
    socket.send(packet)
    assert socket.end() == PROTOCOL
    deadline = time.monotonic() + ANSWER
    while there(watcher, "ghost"):
        assert time.monotonic() < deadline


def there(watcher, username):
    """How often that user came and has not gone."""
    seen = [what for what, who in watcher.call("state")["history"] if who == username]
    return seen.count("connected") - seen.count("disconnected")


@pytest.mark.parametrize("packet", ['42["echo",{}]', "41", '43["x"]', '40"text"', "40[]", "40NaN"])
def test_before_connect_only_connect_is_understood(raw, packet):
    socket = raw()
    assert socket.text().startswith("0")
    socket.send(packet)
    assert socket.end() == PROTOCOL


def test_events_sent_right_behind_connect_wait_for_it(raw):
    socket = raw()
    socket.send('40{"token":"hasty"}')
    socket.send('427["echo",{"n":1}]')
    assert socket.until("40").startswith('40{"sid"')
    assert socket.text() == '437[{"ok":true,"echo":{"n":1}}]'


@pytest.mark.parametrize(
    "auth", ["", "{}", '{"token":"stranger"}', '{"token":5}', '{"token":{"$ne":null}}', '{"user":"ada"}']
)
def test_who_is_refused_is_told_why(raw, auth):
    socket = raw()
    assert socket.text().startswith("0")
    socket.send("40" + auth)
    refused = json.loads(socket.until("44")[2:])
    assert set(refused) == {"message", "data"}
    assert refused["data"] == {"code": "unauthorized"}


@pytest.mark.parametrize(("token", "code"), [("down", "unavailable"), ("bug", "internal")])
def test_a_server_in_trouble_says_whether_to_try_again(raw, token, code):
    socket = raw()
    assert socket.text().startswith("0")
    socket.send(json.dumps({"token": token}).join(["40", ""]))
    assert json.loads(socket.until("44")[2:])["data"] == {"code": code}


def test_a_refused_client_is_closed_by_the_deadline_and_its_events_go_nowhere(raw):
    socket = raw()
    socket.send('40{"token":"stranger"}')
    socket.send('427["echo",{}]')
    assert socket.text().startswith("0")
    assert socket.text().startswith("44")
    assert socket.end() == PROTOCOL


def test_another_namespace_is_refused_and_the_third_time_closes(raw):
    socket = raw().connect()
    for _ in range(2):
        socket.send("40/admin,{}")
        assert socket.text().startswith('44/admin,{"message":"Invalid namespace"')
        assert socket.call("echo") == {"ok": True, "echo": {}}
    socket.send("40/admin,{}")
    assert socket.end() == PROTOCOL


@pytest.mark.parametrize("deep", ["[" * 60 + "]" * 60, "9" * 400, "1e999"])
def test_deep_json_and_huge_numbers_are_invalid(raw, deep):
    """Reliability 7."""
    socket = raw().connect()
    for _ in range(5):
        socket.send(f'427["echo",{deep}]')
        assert error(json.loads(socket.until("437")[3:])[0]) == "invalid"
    socket.send(f'42["echo",{deep}]')
    assert socket.event()[1]["error"]["code"] == "invalid"
    assert socket.call("echo") == {"ok": True, "echo": {}}


def test_bad_packets_are_one_line_a_socket(site):
    """Reliability 6: a frame of three bytes once logged a traceback."""
    before = site.log.stat().st_size
    packets = ["42[NaN]", "4x", "451-", "42[", "\x00", *["40/admin,"] * 3]
    for packet in packets[:6]:
        with RawSocket(site) as socket:
            socket.connect("noisy").send(packet)
            for more in packets[6:] if packet == packets[5] else []:
                socket.send(more)
            socket.end()
    written = site.log.read_bytes()[before:].decode()
    assert written.count("WARNING chatsite.realtime") == 6
    assert "Traceback" not in written


def test_one_hostile_client_leaves_the_others_connection_alone(raw):
    """Reliability 4 and 5 from a stranger's side, beside somebody who talks."""
    friend = raw().connect()
    for _ in range(20):
        hostile = raw()
        hostile.raw(b"\x01\xff" + (60_000).to_bytes(8, "big") + b"\0" * 4 + b"[" * 30_000)
    began = time.monotonic()
    assert friend.call("echo") == {"ok": True, "echo": {}}
    assert time.monotonic() - began < 5
