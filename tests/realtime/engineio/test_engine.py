"""Engine.IO over a bare websocket and over polling, as strict as the protocol asks."""

import json
import socket
import threading
import time
from contextlib import suppress

import pytest

from tests.attacks.sockets import kept_alive
from tests.support.clients.raw_clients import Polling, RawSocket, masked, query
from tests.support.servers.harness import ANSWER, serve
from tests.support.sites import ECHO

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("alive")]

GOING, PROTOCOL, UNSUPPORTED, NOT_UTF8, TOO_BIG = 1001, 1002, 1003, 1007, 1009


def test_the_greeting_names_the_numbers(raw):
    greeting = json.loads(raw().text()[1:])
    assert len(greeting.pop("sid")) == 20
    assert greeting == {"upgrades": [], "pingInterval": 8000, "pingTimeout": 6000, "maxPayload": 262144}


def test_a_websocket_echoes(raw):
    assert raw().connect().call("echo", {"text": "é\u2028"}) == {"ok": True, "echo": {"text": "é\u2028"}}


def test_a_message_may_come_byte_by_byte(raw):
    socket = raw().connect()
    for byte in masked(b'427["echo",{}]'):
        socket.raw(bytes([byte]))
    assert socket.text() == '437[{"ok":true,"echo":{}}]'


def test_a_message_may_come_in_fragments_with_a_ping_between(raw):
    socket = raw().connect()
    socket.raw(masked(b'427["ec', 1, final=False) + masked(b"hello", 9) + masked(b'ho",{}]', 0))
    heard = {socket.frame() for _ in range(2)}
    assert heard == {(10, b"hello"), (1, b'437[{"ok":true,"echo":{}}]')}


LARGEST = 65536 - len('["echo",{"text":""}]')
WORST = "\U0001f600" * 10_000
TOO_LARGE = {"code": "too_large", "detail": "An event has at most 64 KiB."}


def test_the_largest_packet_passes_and_what_is_larger_is_answered(raw):
    socket = raw().connect()
    answer = socket.call("echo", {"text": "x" * LARGEST})
    assert len(answer["echo"]["text"]) == LARGEST
    assert socket.call("echo", {"text": "x" * (LARGEST + 1)}) == {"ok": False, "error": TOO_LARGE}
    socket.emit("echo", {"text": "x" * (262144 - 26)})
    assert socket.event() == ["request-failed", {"event": "echo", "error": TOO_LARGE}]
    assert socket.call("echo") == {"ok": True, "echo": {}}


def test_a_legal_text_passes_however_it_is_escaped(raw):
    """As python-socketio sends it: twelve bytes each."""
    escaped = json.dumps({"text": WORST})
    assert len(escaped) > 120_000
    socket = raw().connect()
    socket.send(f'427["echo",{escaped}]')
    assert json.loads(socket.until("437")[3:])[0]["echo"] == {"text": WORST}


def test_a_message_beyond_what_is_read_closes(raw):
    socket = raw().connect()
    socket.send('427["echo",{"text":"' + "x" * 262144 + '"}]')
    assert socket.end() == TOO_BIG


def test_an_endless_fragmented_message_is_cut_at_the_limit(raw):
    socket = raw().connect()
    socket.raw(masked(b"4" * 140_000, 1, final=False) + masked(b"x" * 140_000, 0, final=False))
    assert socket.end() == TOO_BIG


def test_who_is_not_let_in_yet_has_less_room(raw):
    socket = raw()
    socket.raw(masked(b"4" * 80_000)[:75_000])
    assert socket.end() == TOO_BIG


def test_the_unfinished_messages_of_a_person_are_bounded(raw):
    """4 MiB of them: what goes beyond is cut, and the rest of the others is waited for."""
    whole = masked(b'42["echo",{"text":"' + b"x" * 262_000 + b'"}]')
    halves = [raw().connect("trickler") for _ in range(20)]
    for half in halves:
        half.raw(whole[:-1000])
    # The server reads a little of each at a time: once it has all, it has told at least three of the end.
    deadline = time.monotonic() + ANSWER
    while sum(map(is_closed, halves)) < 3:
        assert time.monotonic() < deadline, "it takes all of it"
        time.sleep(0.02)
    assert raw().connect("control").call("echo") == {"ok": True, "echo": {}}
    ends = [rest_of(half, whole[-1000:]) for half in halves]
    assert set(ends) == {1, 8}
    assert 14 <= ends.count(1) <= 17
    assert raw().connect("trickler").call("echo") == {"ok": True, "echo": {}}


def is_closed(half):
    """A close frame has come."""
    with suppress(BlockingIOError):
        return b"\x88" in half.socket.recv(64, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    return False


def rest_of(half, wire):
    """The opcode of the answer to it: text, or the close frame that was there before."""
    with suppress(OSError):
        half.raw(wire)
    payload = b"2"
    while payload == b"2":
        opcode, payload = half.frame()
    return opcode


@pytest.mark.parametrize(
    ("wire", "code"),
    {
        "binary": (masked(b"4x", 2), UNSUPPORTED),
        "unmasked": (b"\x81\x022x", PROTOCOL),
        "not UTF-8": (masked(b"4\xff"), NOT_UTF8),
        "no Engine.IO": (masked(b"x"), PROTOCOL),
        "empty": (masked(b""), PROTOCOL),
        "base64": (masked(b"bAAAA"), PROTOCOL),
        "a ping, which is the server's to send": (masked(b"2"), PROTOCOL),
        "an upgrade without a probe": (masked(b"5"), PROTOCOL),
        "a probe without polling": (masked(b"2probe"), PROTOCOL),
    }.values(),
)
def test_a_broken_frame_closes_at_once(raw, wire, code):
    socket = raw().connect()
    began = time.monotonic()
    socket.raw(wire)
    assert socket.end() == code
    # Long before anybody would miss its pongs.
    assert time.monotonic() - began < 7


def test_a_close_is_answered_with_its_code(raw):
    socket = raw().connect()
    socket.raw(masked((4001).to_bytes(2, "big"), 8))
    assert socket.end() == 4001


def test_an_engine_close_closes(raw):
    socket = raw().connect()
    socket.send("1")
    assert socket.end() == 1000


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-WebSocket-Key": "short"},
        {"Sec-WebSocket-Key": ""},
        {"Sec-WebSocket-Version": "8"},
        {"Upgrade": "h2c"},
        {"Connection": "close"},
        {"Content-Length": "5"},
    ],
)
def test_a_bad_handshake_is_refused(raw, headers):
    assert raw(headers=headers).status == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (query(transport="websocket", EIO="3"), 400),
        ("/socket.io/?transport=websocket", 400),
        (query(transport="carrier-pigeon"), 400),
        (query(transport="websocket", sid="nobody"), 400),
        (query(transport="polling", j="0"), 400),
        ("/socket.io/", 400),
        ("/socket.io/%ff?EIO=%ff", 400),
    ],
)
def test_a_strange_request_is_refused(raw, path, status):
    assert raw(path).status == status


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "TRACE"])
def test_a_wrong_method_is_refused(polling, method):
    assert polling.request(method)[0] == 405


def test_a_post_needs_a_session(polling):
    assert polling.request("POST", b"40")[0] == 400
    assert polling.request("POST", b"40", sid="nobody")[0] == 400


def test_the_path_works_without_its_slash(site):
    with RawSocket(site, query(transport="websocket").replace("/socket.io/", "/socket.io")) as socket:
        assert socket.status == 101


def test_unfinished_connections_of_one_address_are_bounded(tmp_path):
    """Reliability 5. They have longer to ask than usual: a busy machine takes its time for so many."""
    with serve(tmp_path, ECHO, ASKING="240") as server, RawSocket(server) as friend:
        friend.connect()
        silent = []
        with kept_alive(silent):
            silent.extend(RawSocket(server) for _ in range(512))
            assert RawSocket(server).status == 429
            assert Polling(server).request("GET")[0] == 429
            assert friend.call("state")["half_open"] == 512
            # Who asks to connect makes room at once.
            silent[0].connect("late")
            assert RawSocket(server).status == 101
        for one in silent:
            one.close()


@pytest.mark.parametrize(
    "body",
    [
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\nGET /smuggled HTTP/1.1\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length : 1\r\n\r\nx",
    ],
)
def test_no_request_is_smuggled_in_another(site, body):
    """Reliability 8: HTTP is gunicorn's to parse, and ambiguous requests end the connection."""
    with socket.create_connection((site.host, site.port), timeout=ANSWER) as client:
        client.sendall(b"POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n" + body)
        client.sendall(b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = everything(client)
    # Django would answer 404 to what was smuggled.
    assert {status.split()[0] for status in answer.split(b"HTTP/1.1 ")[1:]} <= {b"400", b"501"}


def everything(client):
    answer = b""
    # What it refuses to read makes the close a reset.
    with suppress(ConnectionResetError):
        while data := client.recv(65536):
            answer += data
    return answer


# Origins


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:1",
        "https://127.0.0.1",
        "http://localhost.evil.example",
        "http://[",
        "x",
    ],
)
def test_a_foreign_page_is_refused_before_the_upgrade_and_for_polling(raw, polling, origin):
    assert raw(headers={"Origin": origin}).status == 403
    assert polling.request("GET", headers={"Origin": origin})[0] == 403
    assert polling.request("OPTIONS", headers={"Origin": origin})[0] == 403


def test_a_foreign_page_cannot_poll_a_session_it_knows(polling):
    polling.connect()
    assert polling.request("POST", b'42["echo",{}]', headers={"Origin": "https://evil.example"})[0] == 403


def test_the_sites_own_page_and_programs_without_origin_are_welcome(site, raw, polling):
    assert raw(headers={"Origin": site.url}).status == 101
    assert (
        raw(headers={"Origin": f"http://localhost:{site.port}", "Host": f"localhost:{site.port}"}).status
        == 101
    )
    assert raw().status == 101
    assert polling.request("GET", headers={"Origin": site.url})[0] == 200


# Heartbeat and deadlines


def test_half_open_sockets_end_after_five_seconds(raw, polling):
    began = time.monotonic()
    silent, unpolled = raw(), polling.open()
    assert silent.end() == PROTOCOL
    # Without a deadline it would be missed after 8 and 6 seconds.
    assert 4.5 < time.monotonic() - began < 14
    assert unpolled.packets() == ["1"]


def test_who_does_not_answer_pings_is_gone_and_who_does_stays(raw):
    silent, living = raw().connect("silent"), raw().connect("living")
    began = time.monotonic()

    def answer():
        for _ in range(2):
            assert living.frame() == (1, b"2")
            living.send("3")

    answering = threading.Thread(target=answer)
    answering.start()
    assert silent.end() is not None
    # 8 s to the ping and 6 s for its answer; with presence's 3 s it is within the 20 s of G6. More is the machine's.
    assert 6 < time.monotonic() - began < 14 + ANSWER
    answering.join()
    assert living.call("echo") == {"ok": True, "echo": {}}
