"""Uploads and downloads too large for memory, on a real server."""

import json
import os
import signal
import socket
import struct
import time
import uuid
from pathlib import Path

import pytest
import requests

from tests.support.clients.cast import settle
from tests.support.run.waiting import wait_for
from tests.support.servers.harness import ANSWER, open_files, serve

pytestmark = pytest.mark.realtime
MB = 1_000_000
HEAD = b'--X\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
END = b"\r\n--X--\r\n"
# A body whose bytes tell where they belong.
PIECE = b"".join(struct.pack(">I", number) for number in range(65_536))
# Bytes by which a worker may grow while a body of a hundred times as many passes.
GROWTH = 16 * MB


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    # At full speed, and with room on any machine's disk.
    free = {"FILES_MB_PER_SECOND": "0", "FILES_FREE_MB": "0", "FILE_MAX_MB": "200", "UPLOADS_PER_USER": "2"}
    with serve(
        tmp_path_factory.mktemp("files"), EVENTS_PER_SECOND="0", LOOP_SHARE_PERCENT="0", **free
    ) as server:
        yield server


@pytest.fixture(scope="module")
def tokens(server):
    return settle(server)


@pytest.fixture
def token(tokens):
    return tokens["owner"]


@pytest.fixture
def client(server):
    with socket.create_connection((server.host, server.port), timeout=ANSWER) as client:
        yield client


def head(length, token="", *fields, query="room=board"):
    lines = "".join(f"{field}\r\n" for field in fields)
    who = f"Authorization: Token {token}\r\n" if token else ""
    return (
        f"POST /file?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{who}{lines}Content-Length: {length}\r\n"
        "Content-Type: multipart/form-data; boundary=X\r\n\r\n"
    ).encode()


def answer_of(client):
    """Status and JSON of the next answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(65_536)
        assert more, data
        data += more
    first, _, rest = data.partition(b"\r\n\r\n")
    [length] = [int(line[16:]) for line in first.split(b"\r\n") if line.startswith(b"Content-Length: ")]
    while len(rest) < length:
        rest += client.recv(65_536)
    return int(first.split()[1]), json.loads(rest)


def upload(client, token, pieces, *fields, query="room=board"):
    client.sendall(head(len(HEAD) + pieces * len(PIECE) + len(END), token, *fields, query=query) + HEAD)
    for _ in range(pieces):
        client.sendall(PIECE)
    client.sendall(END)
    return answer_of(client)


def get(server, token, path, **headers):
    return requests.get(
        server.url + path, headers={"Authorization": f"Token {token}", **headers}, stream=True, timeout=ANSWER
    )


def folder(server):
    return Path(server.environ["DATA_DIR"]) / "uploads"


def stored(server):
    return sorted(path.name for path in folder(server).rglob("*") if path.is_file())


def memory(server):
    lines = Path(f"/proc/{server.worker}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024


def test_a_large_file_comes_and_goes_in_little_memory(server, client, token):
    with socket.create_connection((server.host, server.port), timeout=ANSWER) as first:
        assert upload(first, token, 8)[0] == 201
    before, pieces = memory(server), 400
    status, file = upload(client, token, pieces)
    assert (status, file["size"]) == (201, pieces * len(PIECE))
    grown = memory(server) - before
    with get(server, token, file["url"]) as answer:
        for _ in range(pieces):
            assert answer.raw.read(len(PIECE)) == PIECE
        assert answer.raw.read(1) == b""
    assert max(grown, memory(server) - before) < GROWTH


def test_part_of_a_large_file_and_the_next_request_on_its_connection(server, client, token):
    status, file = upload(client, token, 8)
    assert status == 201
    with requests.Session() as session:
        session.headers["Authorization"] = f"Token {token}"
        wanted = {"Range": "bytes=100-1500099"}
        part = session.get(server.url + file["url"], headers=wanted, timeout=ANSWER)
        assert (part.status_code, part.content) == (206, (PIECE * 8)[100:1_500_100])
        assert session.get(server.url + "/room/board", timeout=ANSWER).json()["slug"] == "board"


@pytest.mark.parametrize(
    ("who", "length", "query", "expected"),
    [
        (None, 50 * MB, "room=board", (401, "unauthorized")),
        ("owner", 300 * MB, "room=board", (413, "too_large")),
        ("stranger", 50 * MB, "room=board", (404, "not_found")),
        ("owner", 50 * MB, "room=nowhere", (404, "not_found")),
    ],
)
def test_what_is_refused_is_refused_before_its_body(client, tokens, who, length, query, expected):
    """Nothing of it is sent, nor asked for."""
    client.sendall(head(length, tokens.get(who, ""), "Expect: 100-continue", query=query))
    status, answer = answer_of(client)
    assert (status, answer["code"]) == expected


def test_a_body_is_asked_for_when_it_is_wanted(client, token):
    length = len(HEAD) + 8 * len(PIECE) + len(END)
    client.sendall(head(length, token, "Expect: 100-continue"))
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(HEAD + PIECE * 8 + END)
    assert answer_of(client)[0] == 201


def test_a_kind_is_refused_by_its_first_bytes(client, token):
    """A picture that can't be cleaned: the rest isn't waited for."""
    client.sendall(head(100 * MB, token) + HEAD + b"\xff\x0a" + bytes(200_000))
    status, answer = answer_of(client)
    assert (status, answer["code"]) == (415, "unsupported_type")


def test_an_upload_that_stands_still_holds_up_nobody(server, client, token):
    client.sendall(head(100 * MB, token) + HEAD + PIECE)
    wait_for(lambda: half_stored(server))
    began = time.monotonic()
    answer = get(server, token, "/room/board")
    assert answer.status_code == 200
    assert time.monotonic() - began < ANSWER
    with socket.create_connection((server.host, server.port), timeout=ANSWER) as second:
        second.sendall(head(100 * MB, token) + HEAD + PIECE)
        wait_for(lambda: half_stored(server) == 2)
        third = requests.post(
            server.url + "/file?room=board",
            files={"file": b"x"},
            headers={"Authorization": f"Token {token}"},
            timeout=ANSWER,
        )
        assert (third.status_code, third.json()["code"]) == (429, "rate_limited")


def half_stored(server):
    """How many files without a name the worker has open."""
    return sum(str(folder(server)) in path and "deleted" in path for path in open_files(server.worker))


@pytest.mark.parametrize("end", ["reset", "half closed"])
def test_an_interrupted_upload_leaves_nothing(server, client, token, end):
    wait_for(lambda: not half_stored(server))
    before = stored(server)
    client.sendall(head(100 * MB, token) + HEAD + PIECE * 8)
    wait_for(lambda: half_stored(server))
    if end == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    else:
        client.shutdown(socket.SHUT_WR)
        assert answer_of(client)[1]["code"] == "invalid"
    wait_for(lambda: not half_stored(server))
    assert stored(server) == before
    # Its place is free again.
    small = requests.post(
        server.url + "/file?room=board",
        files={"file": b"x"},
        headers={"Authorization": f"Token {token}"},
        timeout=ANSWER,
    )
    assert small.status_code == 201


def test_lies_about_the_length_are_found_out(client, token):
    """A body that goes on behind its form is read, and one that ends before isn't waited for beyond its length."""
    client.sendall(
        head(len(HEAD) + 8 * len(PIECE) + len(END) + 1000, token) + HEAD + PIECE * 8 + END + b"x" * 1000
    )
    assert answer_of(client)[0] == 201
    with socket.create_connection(client.getpeername(), timeout=ANSWER) as second:
        second.sendall(head(len(HEAD) + 8 * len(PIECE), token) + HEAD + PIECE * 8 + END)
        assert answer_of(second)[1]["code"] == "invalid"


def test_a_repeat_of_a_large_file_is_read_to_its_end(server, client, token):
    query = f"room=board&client_id={uuid.uuid4()}"
    status, file = upload(client, token, 8, query=query)
    before = stored(server)
    with socket.create_connection((server.host, server.port), timeout=ANSWER) as second:
        assert upload(second, token, 8, query=query) == (200, file)
    assert (status, stored(server)) == (201, before)


def test_a_killed_worker_leaves_nothing(server, client, token):
    """The last test: its worker is another afterwards."""
    before = stored(server)
    client.sendall(head(100 * MB, token) + HEAD + PIECE * 40)
    wait_for(lambda: half_stored(server))
    os.kill(server.worker, signal.SIGKILL)
    wait_for(lambda: requests_answer(server, token))
    assert stored(server) == before


def requests_answer(server, token):
    try:
        return get(server, token, "/room/board").status_code == 200
    except requests.ConnectionError:
        return False
