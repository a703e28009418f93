"""HTTP as it comes: whole, in pieces, too slowly, too long, and with more behind it than was asked for."""

import json
import socket
import time
from types import SimpleNamespace

import eventlet
import pytest
from gunicorn.http.errors import InvalidRequestLine, LimitRequestHeaders, NoMoreData
from gunicorn.http.unreader import IterUnreader

from chatsite.contract.errors import TooLarge
from chatsite.realtime.http import connections as http_connections
from chatsite.realtime.http import request_reader
from chatsite.realtime.http.client_socket import BEHIND_SECONDS, SPREAD, ClientSocket
from chatsite.realtime.http.connections import HttpConnection, HttpConnections, State
from chatsite.realtime.http.server import REQUESTS_PER_CONNECTION
from tests.support.servers.harness import ANSWER, serve

pytestmark = pytest.mark.realtime
GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("http")) as server:
        yield server


@pytest.fixture
def client(server):
    with socket.create_connection((server.host, server.port), timeout=ANSWER) as client:
        yield client


def everything(client):
    """Until the server closes."""
    data = b""
    while more := client.recv(65536):
        data += more
    return data


def answered(client):
    """What comes for a request that isn't sent to its end, for the rest of which the server waits."""
    data = client.recv(65536)
    client.shutdown(socket.SHUT_WR)
    return data + everything(client)


def statuses(data):
    return [int(part[:3]) for part in data.split(b"HTTP/1.1 ")[1:]]


def post(body, *fields, path="/login"):
    lines = "".join(f"{field}\r\n" for field in fields)
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode() + body


def test_pipelined_requests_are_answered_in_order(client):
    client.sendall(
        GET * 3
        + GET.replace(b"/healthz", b"/nothing")
        + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    )
    assert statuses(everything(client)) == [200, 200, 200, 404, 200]


def test_a_head_in_pieces_is_read(client):
    for byte in GET[:-4]:
        client.send(bytes([byte]))
    client.send(GET[-4:])
    assert statuses(client.recv(4096)) == [200]


def test_a_connection_ends_after_so_many_requests(client):
    client.sendall(GET * (REQUESTS_PER_CONNECTION + 5))
    found = everything(client)
    assert statuses(found) == [200] * REQUESTS_PER_CONNECTION
    assert found.lower().count(b"connection: close") == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01", 400),
        (b"get / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000, 431),
        (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (post(b"xx\r\n", "Transfer-Encoding: chunked"), 400),
        (post(b"", "Content-Length: 5", "Transfer-Encoding: chunked"), 400),
        (post(b"", "Content-Length: 9999999"), 413),
        (post(b"10000\r\n" + b"x" * 65536 + b"\r\n", "Transfer-Encoding: chunked") * 1, None),
    ],
)
def test_what_is_wrong_is_told_at_once_and_closed(client, data, status):
    began = time.monotonic()
    client.sendall(data)
    if status is None:
        client.shutdown(socket.SHUT_WR)
        assert statuses(everything(client)) == [400]
    else:
        assert statuses(answered(client)) == [status]
    assert time.monotonic() - began < ANSWER


def test_a_chunked_body_beyond_what_is_taken_is_refused_before_it_ends(client):
    client.sendall(post(b"", "Transfer-Encoding: chunked"))
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    for _ in range(20):
        client.sendall(chunk)
    assert statuses(everything(client)) == [413]


def told(found):
    head, _, body = found.partition(b"\r\n\r\n")
    assert b"Content-Type: application/json" in head
    return json.loads(body)["code"]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (post(b"200000\r\n" + b"x" * 0x100001, "Transfer-Encoding: chunked"), 413, "too_large"),
        (post(b"1\r\nx\r\n" * 20_000, "Transfer-Encoding: chunked"), 413, "too_large"),
        (post(b"xx\r\n", "Transfer-Encoding: chunked"), 400, "invalid"),
        (post(b"", "Transfer-Encoding: none, chunked"), 501, "invalid"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000, 431, "too_large"),
        (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414, "too_large"),
        (b"get / HTTP/1.1\r\n\r\n", 400, "invalid"),
    ],
)
def test_what_no_view_sees_is_told_as_the_contract_has_it(client, data, status, code):
    client.sendall(data)
    found = everything(client)
    assert (statuses(found), told(found)) == ([status], code)


def test_a_body_that_ends_early_is_told_as_the_contract_has_it(client):
    client.sendall(post(b"half", "Content-Length: 8"))
    client.shutdown(socket.SHUT_WR)
    assert told(everything(client)) == "invalid"


def test_a_browser_is_told_by_a_page(client):
    client.sendall(post(b"xx\r\n", "Transfer-Encoding: chunked", "Accept: text/html"))
    found = everything(client)
    assert statuses(found) == [400]
    assert b"text/html" in found
    assert b"That is no request that can be read" in found


def test_a_refusal_is_read_while_the_body_is_still_sent(client):
    client.sendall(post(b"", "Content-Length: 3000000"))
    client.sendall(b"x" * 1_500_000)
    assert statuses(answered(client)) == [413]


def test_a_refusal_is_read_by_a_client_that_sends_slowly(client):
    """It was cut off after two seconds, and told of a reset connection in place of the refusal."""
    size, pieces = 1_500_000, 11
    client.sendall(post(b"", f"Content-Length: {size}"))
    for _ in range(pieces - 1):
        client.sendall(b"x" * (size // pieces))
        time.sleep(0.3)
    client.sendall(b"x" * (size - size // pieces * (pieces - 1)))
    assert statuses(everything(client)) == [413]


def test_expect_is_answered_before_the_body_is_waited_for(client):
    client.sendall(post(b"", "Content-Length: 3", "Expect: 100-continue"))
    assert statuses(client.recv(4096)) == [100]
    client.sendall(b"a=b")
    assert statuses(client.recv(4096)) == [403]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_comes_whole_and_the_next_request_follows_it(client, chunked):
    body = b'{"username": "x"}'
    if chunked:
        fields, sent = (
            "Transfer-Encoding: chunked",
            b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n",
        )
    else:
        fields, sent = f"Content-Length: {len(body)}", body
    whole = post(sent, fields, "Content-Type: application/json", path="/user") + GET
    client.sendall(whole[:-60])
    time.sleep(0.1)
    client.sendall(whole[-60:])
    data = b""
    while data.count(b"HTTP/1.1 ") < 2:
        data += client.recv(65536)
    first, second = statuses(data)
    assert first in (400, 403)
    assert second == 200


def test_an_old_client_without_keepalive_is_answered_and_closed(client):
    client.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
    assert b" 200 OK" in everything(client)


def test_who_has_sent_all_and_closed_that_half_is_answered(client):
    client.sendall(GET)
    client.shutdown(socket.SHUT_WR)
    assert statuses(everything(client)) == [200]


def test_a_dripping_body_ends_at_its_least_rate(server):
    """A byte each few seconds is never silent for long: it is ended all the same, by every door."""
    clients = []
    for path in ("/login", "/admin/login/", "/room", "/socket.io/?EIO=4&transport=polling&sid=x"):
        client = socket.create_connection((server.host, server.port), timeout=ANSWER)
        client.sendall(post(b"a", "Content-Length: 1000", path=path))
        clients.append(client)
    began = time.monotonic()
    # The last drop comes while each is still open: behind its end it would make that a reset.
    while time.monotonic() - began < BEHIND_SECONDS - 6:
        time.sleep(3)
        for client in clients:
            client.sendall(b"x")
    for client in clients:
        assert statuses(everything(client)) == [408]
        client.close()
    assert time.monotonic() - began < BEHIND_SECONDS * (1 + SPREAD) + 20


class Pieces(IterUnreader):
    def recv(self, size, flags=0):
        return self.chunk()


def read_head(*pieces):
    client, unreader = Pieces(iter(pieces)), IterUnreader(iter([]))
    return request_reader.read_head(unreader, client), bytes(unreader.take_buffered())


def test_heads():
    assert read_head(GET + b"more") == (True, GET + b"more")
    assert read_head(*[bytes([byte]) for byte in GET[:10]], GET[10:-2], GET[-2:]) == (True, GET)
    assert read_head(b"\r\n", GET) == (True, b"\r\n" + GET)
    assert read_head(GET[:-1])[0] is False
    assert read_head()[0] is False
    with pytest.raises(InvalidRequestLine):
        read_head(b"\x16\x03")
    with pytest.raises(LimitRequestHeaders):
        read_head(GET[:-2], *[b"X: y\r\n" * 1000] * 10)


@pytest.fixture
def now(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(http_connections, "monotonic", lambda: now[0])
    return now


class Quiet:
    def __init__(self):
        self.moved, self.closed = 0, False

    def shutdown(self, how):
        self.closed = True


def those(connections, address, count, state):
    made = [HttpConnection(Quiet(), address) for _ in range(count)]
    for each in made:
        each.set_state(state)
        connections.add(each)
    return made


def closed(made):
    return [each for each in made if each.client.closed]


def test_the_address_with_most_makes_room_by_its_slowest(now):
    connections = HttpConnections(16)
    many = those(connections, "a", 10, State.SENDING)
    few = those(connections, "b", 5, State.SENDING)
    for number, each in enumerate(many):
        each.client.moved = 100 - number
    assert connections.make_room(3)
    now[0] += 3
    connections.make_room(1)
    assert closed(many) == many[2:]
    assert not closed(few)


def test_nobody_is_put_out_who_came_just_now_or_is_answered(now):
    connections = HttpConnections(8)
    busy = those(connections, "a", 4, State.ANSWERING)
    now[0] += 10
    fresh = those(connections, "a", 4, State.ASKING)
    now[0] += 1
    assert not connections.make_room(0)
    assert not closed(busy + fresh)


def test_an_address_has_no_more_than_its_share(now, settings):
    settings.HTTP_CONNECTIONS_PER_ADDRESS = 4
    connections = HttpConnections(100)
    own = those(connections, "192.0.2.1", 4, State.IDLE)
    those(connections, "127.0.0.1", 4, State.IDLE)
    assert not connections.admits("192.0.2.1")
    assert connections.admits("192.0.2.2")
    assert connections.admits("127.0.0.1")
    now[0] += 3
    assert connections.admits("192.0.2.1")
    assert len(closed(own)) == 1


def test_a_proxys_connection_is_its_clients(now, settings):
    settings.HTTP_CONNECTIONS_PER_ADDRESS = 1
    connections = HttpConnections(100)
    (one,) = those(connections, "10.0.0.1", 1, State.SENDING)
    connections.move(one, "192.0.2.7")
    assert connections.admits("10.0.0.1")
    assert not connections.admits("192.0.2.7")
    connections.remove(one)
    assert connections.admits("192.0.2.7")
    assert len(connections) == 0


def test_large_bodies_have_so_much_memory_together(now, monkeypatch):
    monkeypatch.setattr(request_reader, "LARGE_BYTES", 100_000)
    connections = HttpConnections(100)
    first, second = those(connections, "a", 2, State.SENDING)
    (small, large) = those(connections, "b", 2, State.SENDING)
    request_reader.hold(60_000, first, connections)
    request_reader.hold(30_000, second, connections)
    request_reader.hold(10_000, small, connections)
    now[0] += 3
    second.client.moved = 1000
    request_reader.hold(50_000, large, connections)
    assert closed([first, second, small, large]) == [first]
    assert connections.body_bytes == 90_000
    with pytest.raises(NoMoreData):
        request_reader.hold(60_001, first, connections)
    connections.remove(large)
    assert connections.body_bytes == 40_000


def test_waiting_for_a_client_is_earned_by_what_moves(monkeypatch):
    ours, theirs = socket.socketpair()
    client = ClientSocket(ours)
    client.allow(0.3, 1000)
    theirs.sendall(b"x" * 100)
    assert client.recv(1000) == b"x" * 100
    assert client.moved == 100
    with pytest.raises(TimeoutError):
        client.recv(1000)
    with pytest.raises(TimeoutError):
        client.recv(1000)
    client.allow(0.3, 1000)
    theirs.sendall(b"y")
    assert client.recv(10) == b"y"
    client.close()
    theirs.close()


def test_what_came_while_the_process_stood_still_has_come():
    """Who had asked in time was put out where the machine was so busy that they weren't read in time."""
    (ours, theirs), (others, its) = socket.socketpair(), socket.socketpair()
    client, other = ClientSocket(ours), ClientSocket(others)

    def stand_still():
        """In a turn of those who are read, behind which comes that of those whose time is up."""
        other.recv(10)
        theirs.sendall(b"x")
        time.sleep(0.3)

    client.allow(0.2)
    eventlet.spawn(stand_still)
    eventlet.spawn_after(0.01, its.sendall, b"go")
    assert client.recv(10) == b"x"
    with pytest.raises(TimeoutError):
        client.recv(10)
    for one in (client, other, theirs, its):
        one.close()


def test_who_takes_nothing_of_an_answer_is_given_up():
    ours, theirs = socket.socketpair()
    client = ClientSocket(ours)
    client.allow(0.2)
    with pytest.raises(TimeoutError):
        client.sendall(b"x" * 64_000_000)
    client.close()
    theirs.close()


def test_a_chunked_body_that_is_mostly_wrapping_is_refused():
    with pytest.raises(TooLarge):
        request_reader.check(5_000, 30_000)
    request_reader.check(1_000_000, 1_900_000)


def test_a_websockets_handshake_has_no_body_that_is_waited_for():
    request = SimpleNamespace(headers=[("UPGRADE", "websocket")])
    assert request_reader.wants_upgrade(request)
