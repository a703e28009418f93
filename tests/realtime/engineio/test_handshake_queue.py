"""More connections than the server keeps at once: who never finishes asking makes room for who does."""

import socket

import pytest

from tests.support.clients.raw_clients import RawSocket
from tests.support.servers.harness import serve
from tests.support.sites import ECHO

pytestmark = pytest.mark.realtime

ROOM, CROWD = 30, 60
HALVES = {"nothing": b"", "half a head": b"GET /healthz HTTP/1.1\r\nHost: 127"}
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    arguments = f"--worker-connections {ROOM}"
    # The one who is answered waits behind the crowd before it can ask to come in.
    with serve(tmp_path_factory.mktemp("room"), ECHO, ASKING="240", GUNICORN_CMD_ARGS=arguments) as server:
        yield server


def connect(server, data, patience=30):
    client = socket.create_connection((server.host, server.port), timeout=patience)
    client.sendall(data)
    return client


def answer(client):
    return client.recv(4096).split(b"\r\n")[0]


def open_still(crowd):
    """Those of whom nothing has come, not even an end."""
    found = 0
    for client in crowd:
        client.settimeout(0)
        try:
            client.recv(1)
        except BlockingIOError:
            found += 1
        client.settimeout(30)
    return found


@pytest.mark.parametrize("half", HALVES)
def test_who_asks_is_answered_while_others_never_finish(server, half):
    crowd = [connect(server, HALVES[half]) for _ in range(CROWD)]
    with connect(server, WHOLE) as client, RawSocket(server) as raw:
        assert answer(client) == b"HTTP/1.1 200 OK"
        assert raw.connect().call("echo") == {"ok": True, "echo": {}}
        assert open_still(crowd) >= ROOM // 2, "those who came last have their time still"
    for client in crowd:
        client.close()


def test_connections_that_are_kept_make_room_too(server):
    kept = []
    for _ in range(CROWD):
        kept.append(connect(server, WHOLE))
        assert answer(kept[-1]) == b"HTTP/1.1 200 OK"
    for client in kept:
        client.close()


def test_who_is_being_answered_is_not_put_out(server):
    with RawSocket(server) as raw, connect(server, b"") as client:
        raw.connect("poller")
        client.sendall(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        head = b""
        while b'"sid"' not in head:
            head += client.recv(4096)
        sid = head.partition(b'"sid":"')[2].partition(b'"')[0].decode()
        client.sendall(
            f"GET /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        )
        crowd = [connect(server, HALVES["half a head"]) for _ in range(CROWD)]
        with connect(server, WHOLE) as another:
            assert answer(another) == b"HTTP/1.1 200 OK"
        body = b'40{"token":"poller"}'
        length = f"Content-Length: {len(body)}"
        post = f"POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}\r\n\r\n"
        with connect(server, post.encode() + body) as another:
            assert answer(another) == b"HTTP/1.1 200 OK"
        said = b""
        while b'40{"sid"' not in said:
            more = client.recv(4096)
            assert more, "it was put out"
            said += more
    for one in crowd:
        one.close()
