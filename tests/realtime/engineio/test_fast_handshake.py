"""The short way in takes plain websocket handshakes only; every other request is gunicorn's, as if nobody had looked."""

import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsite.realtime.engineio.fast_handshake import MAX_REQUEST_BYTES, parse_environ
from tests.support.clients.raw_clients import RawSocket

pytestmark = pytest.mark.realtime
LINES = (
    "Host: chat.example",
    "Upgrade: websocket",
    "Connection: keep-alive, Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


def request(*lines, first="GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", without=""):
    kept = [line for line in (*LINES, *lines) if not without or not line.startswith(without)]
    return "\r\n".join([first, *kept, "", ""]).encode("latin-1")


def test_a_browsers_handshake_is_read():
    environ = parse_environ(
        request("Cookie: a=b; sessionid=x", "Origin: http://chat.example", "X-Forwarded-For: 192.0.2.1 ")
    )
    assert environ["QUERY_STRING"] == "EIO=4&transport=websocket"
    assert environ["HTTP_COOKIE"] == "a=b; sessionid=x"
    assert environ["HTTP_X_FORWARDED_FOR"] == "192.0.2.1"
    assert environ["HTTP_CONNECTION"] == "keep-alive, Upgrade"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        request()[:-1],
        request()[:-2],
        request() + b"x",
        request() + request(),
        request().replace(b"\r\n", b"\n"),
        request("Content-Length: 0"),
        request("Transfer-Encoding: chunked"),
        request("Expect: 100-continue"),
        request("Host: another.example"),
        request("Cookie: a=b", "Cookie: c=d"),
        request("X_Forwarded_For: 192.0.2.1"),
        request("Folded: a\r\n b"),
        request("Space : a"),
        request(": a"),
        request("No colon"),
        request("Name: \xe9"),
        request("Name: a\0b"),
        request("Name: a\rb"),
        request(f"Long: {'x' * MAX_REQUEST_BYTES}"),
        request(without="Host"),
        request(without="Upgrade"),
        request(first="POST /socket.io/?EIO=4&transport=websocket HTTP/1.1"),
        request(first="GET /socket.io/?EIO=4&transport=websocket HTTP/1.0"),
        request(first="GET /socket.io/?EIO=4&transport=polling HTTP/1.1"),
        request(first="GET /socket.io/?EIO=4&transport=polling&x=transport=websocket HTTP/1.1"),
        request(first="GET /socket.io/?EIO=4&transport=%77ebsocket HTTP/1.1"),
        request(first="GET /socket.io/?EIO=4&transport=websocket#a HTTP/1.1"),
        request(first="GET http://chat.example/socket.io/?EIO=4&transport=websocket HTTP/1.1"),
        request(first="GET /room?transport=websocket HTTP/1.1"),
        request(first="GET  /socket.io/?EIO=4&transport=websocket HTTP/1.1"),
    ],
)
def test_anything_else_is_gunicorns(data):
    assert parse_environ(data) is None


@given(st.binary(max_size=300), st.integers(0, len(request())))
def test_no_bytes_are_too_much_for_it(noise, place):
    parse_environ(request()[:place] + noise + request()[place:])
    parse_environ(noise)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 101),
        ({"Cookie": "name=\xe9"}, 101),
        ({"X-Long": "x" * 5000}, 101),
        ({"Content-Length": "5"}, 400),
        ({"Transfer-Encoding": "chunked"}, 400),
        ({"Sec-WebSocket-Version": "12"}, 400),
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Origin": "http://elsewhere.example"}, 403),
    ],
)
def test_both_ways_answer_alike(site, headers, status):
    with RawSocket(site, headers=headers) as client:
        assert client.status == status
        if status == 101:
            assert client.connect("ada").call("echo", {"n": 1}) == {"ok": True, "echo": {"n": 1}}


@pytest.mark.parametrize("place", [1, 20, len(request()) - 1])
def test_a_request_in_pieces_is_read_whole(site, place):
    with socket.create_connection((site.host, site.port), timeout=10) as client:
        whole = request().replace(b"chat.example", f"{site.host}:{site.port}".encode())
        client.sendall(whole[:place])
        time.sleep(0.1)
        client.sendall(whole[place:])
        assert client.recv(12) == b"HTTP/1.1 101"
