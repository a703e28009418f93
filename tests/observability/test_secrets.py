"""What people write, their passwords, cookies and tokens never reach the log, whichever door they come by and whatever
goes wrong there."""

import json
import re
import socket
import uuid
from contextlib import suppress
from hashlib import blake2b
from itertools import takewhile

import pytest
import requests

from tests.support.clients.cast import PASSWORD, Browser, Chatter, rest, settle
from tests.support.clients.raw_clients import Polling, RawSocket, masked
from tests.support.run.waiting import wait_for
from tests.support.servers.logged_site import lines, serve
from tests.support.sites import FAULTY

pytestmark = pytest.mark.realtime
# In everything that must not be told.
HUSH = "hush"
# A line in either form; what stands between two is a traceback.
DATED = re.compile(r"\d{4}-\d\d-\d\d |{")


@pytest.fixture(scope="module", params=["text", "json"])
def site(request, tmp_path_factory):
    """A server that tells all it can, and whose bugs say what they were given; and its people's tokens."""
    settings = {"LOG_FORMAT": request.param, "LOG_LEVEL": "debug", "ACCESS_LOG": "true"}
    folder = tmp_path_factory.mktemp(request.param)
    with serve(folder, FAULTY, **settings) as server:
        yield server, settle(server), request.param


def by_forms(server, tokens):
    url, visitor = server.url, requests.Session()
    visitor.get(url + "/login")
    fields = {"csrfmiddlewaretoken": visitor.cookies["csrftoken"], "username": "owner"}
    head = {"Referer": url}
    for username in ("owner", "hush-bug", "hush\x00"):
        visitor.post(
            url + "/login", {**fields, "username": username, "password": "hush-password"}, headers=head
        )
    visitor.post(url + "/login?next=/hush", {"username": "owner", "password": "hush"}, headers=head)
    visitor.post(url + "/password/reset", {**fields, "email": "hush-bug@example.org"}, headers=head)
    for path in (
        "/setup/hush",
        "/invite/hush-code",
        "/password/reset/hush/hush-token",
        "/password/reset/Mg/hush-token",
    ):
        visitor.get(url + path)
        visitor.post(url + path, {"password": "hush"})
    member = Browser(server, "member")
    member.form("/password", old_password="hush-old", new_password1="hush-new", new_password2="hush-other")
    member.get(url + "/search", params={"q": "hush 'bug"})
    member.get(url + "/chat/hush-bug")
    member.get(url + "/chat/hush-later")
    member.get(url + "/hush/nowhere", cookies={"other": "hush-cookie", "tz": "hush", "theme": "hush"})
    member.post(url + "/logout", {"csrfmiddlewaretoken": "hush"})
    return [member.cookies["sessionid"], member.cookies["csrftoken"], PASSWORD]


def by_rest(server, tokens):
    url, client_id = server.url, str(uuid.uuid4())
    token = tokens["member"]
    for body in ("hush", "hush bug", "hush\x00bug", "hush" * 5000, ["hush"], {"hush": "hush"}, 7):
        rest(server, token, "POST", "/message", room="lobby", body=body)
    rest(server, token, "POST", "/message", room="lobby", body="hush", client_id=client_id)
    rest(server, token, "POST", "/message", room="lobby", body="hush other", client_id=client_id)
    rest(server, token, "POST", "/message", room="hush-bug", body="hush", client_id="hush")
    rest(server, token, "PATCH", "/message/hush", body="hush")
    rest(server, token, "POST", "/room/hush-bug/member", username="hush")
    rest(server, "hush-token", "GET", "/room")
    rest(server, token, "GET", "/message?room=lobby&q=hush%00&before=hush")
    for data in (b'{"body": "hush', b"\xff\xfehush", b"hush=" * 1000, b'{"hush": ' * 5000):
        for kind in (
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=hush",
        ):
            headers = {"Authorization": f"Token {token}", "Content-Type": kind}
            requests.post(url + "/message", data=data, headers=headers)
    for scheme in ("Token hush extra", "Bearer hush-token", "Basic aHVzaDpodXNo", "hush"):
        requests.get(url + "/metrics", headers={"Authorization": scheme, "X-Forwarded-For": "9.9.9.9"})
    return [token]


def by_sockets(server, tokens):
    chatter = Chatter(server, tokens["member"])
    chatter.join("lobby")
    for body in ("hush", "hush bug", "hush\x00", ["hush"], None):
        chatter.call("chat-message", {"room": "lobby", "body": body, "client_id": str(uuid.uuid4())})
    chatter.call("chat-message", {"room": "hush-bug", "body": "hush", "client_id": "hush"})
    chatter.call("join", {"room": "hush-bug", "epoch": "hush"})
    chatter.call("typing", {"room": "lobby", "typing": "hush"})
    chatter.call("hush-event", {"hush": "hush"})
    chatter.close()
    member, sids = json.dumps({"token": tokens["member"]}), []
    for packets in (
        ['40{"token":"hush-token"}'],
        ['40{"hush'],
        ["40/hush,{}", "40/hush,{}", "40/hush,{}"],
        ["40" + member, '42["chat-message",{"body":"hush"'],
        [
            "40" + member,
            '42["hush",{"hush":"hush"}]',
            '421["chat-message","hush"]',
            '42["connect",{"hush":1}]',
        ],
        ["40" + member, "hush"],
        ["4hush"],
    ):
        with RawSocket(server) as raw:
            sids.append(json.loads(raw.text()[1:])["sid"])
            for packet in packets:
                raw.send(packet)
            raw.socket.settimeout(0.5)
            with suppress(TimeoutError):
                raw.end()
    with RawSocket(server) as raw:
        raw.raw(masked(b"hush", opcode=2) + masked(b"\xffhush") + b"hush")
        raw.end()
    polling = Polling(server).open()
    polling.request("POST", b"hush\x1e4hush\xff")
    sids.append(polling.sid)
    Polling(server).request("GET", sid="hush-sid")
    RawSocket(server, headers={"Origin": "https://hush.example"}).close()
    RawSocket(server, headers={"Cookie": "sessionid=hush", "Sec-WebSocket-Key": "hush"}).close()
    return [tokens["member"], *sids]


def by_hand(server, tokens):
    """What HTTP libraries don't send."""
    host = f"Host: 127.0.0.1:{server.port}\r\n".encode()
    for request in (
        b"GET /hush HTTP/9.9\r\n\r\n",
        b"HUSH?hush\r\n\r\n",
        b"hush /x HTTP/1.1\r\n" + host + b"\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"Cookie\x00: sessionid=hush\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"Cookie : sessionid=hush\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"Authorization: Token hush\r\n hush\r\n\r\n",
        b"GET /" + b"hush" * 5000 + b" HTTP/1.1\r\n" + host + b"\r\n",
        b"POST /message HTTP/1.1\r\n" + host + b"Content-Length: hush\r\n\r\nhush",
        b"POST /message HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nhush\r\nhush",
        b"POST /login HTTP/1.1\r\n" + host + b"Content-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: 60\r\n\r\n--x\r\nContent-Disposition: form-data; name=hush\r\n\r\nhush",
        b"GET /invite/hush HTTP/1.1\r\nHost: stranger.example\r\nCookie: sessionid=hush\r\n\r\n",
    ):  # fmt: skip
        with socket.create_connection((server.host, server.port), timeout=30) as raw:
            # The server may have answered and gone before the last byte was sent.
            with suppress(OSError):
                raw.sendall(request)
                raw.shutdown(socket.SHUT_WR)
            with suppress(ConnectionError):
                while raw.recv(65536):
                    pass
    return []


@pytest.mark.parametrize("door", [by_forms, by_rest, by_sockets, by_hand])
def test_nothing_is_told(site, door):
    server, tokens, form = site
    before = len(lines(server))
    secrets = door(server, tokens)
    told = lines(server)[before:]
    assert [line for line in told if HUSH in line.lower() or any(secret in line for secret in secrets)] == []
    assert told, "nothing was logged at all"
    if form == "json":
        assert all(json.loads(line)["message"] for line in told)


def about(told, socket_id):
    """The lines that name it, each with its traceback."""
    starts = [line for line in told if f"socket-{socket_id}" in line]
    return (
        [*starts, *takewhile(lambda line: not DATED.match(line), told[told.index(starts[-1]) + 1 :])]
        if starts
        else []
    )


def test_a_bug_is_told_with_its_traceback_and_without_what_it_was_given(site):
    server, tokens, form = site
    before = len(lines(server))
    chatter = Chatter(server, tokens["owner"])
    answer = chatter.say("lobby", "hush, a bug")
    assert answer["error"]["code"] == "internal"
    socket_id = blake2b(chatter.io.get_sid().encode(), digest_size=4).hexdigest()
    wait_for(lambda: about(lines(server)[before:], socket_id))
    told = about(lines(server)[before:], socket_id)
    if form == "json":
        (line,) = map(json.loads, told)
        assert (line["level"], line["error"]) == ("error", "ValueError: cannot render '…'")
        assert line["request"] == f"socket-{socket_id}"
        told = [line["message"], *line["traceback"].splitlines()]
    else:
        assert told[0].endswith(f" request=socket-{socket_id}")
    assert "the handler of 'chat-message' failed" in told[0]
    assert told[1].startswith("Traceback")
    assert "in broken_render" in told[-3]
    assert told[-1] == "ValueError: cannot render '…'"


def test_a_failing_page_is_one_line_that_names_its_view_and_its_request(site):
    server, *_ = site
    before = len(lines(server))
    answer = Browser(server, "owner").get(server.url + "/chat/hush-bug")
    assert answer.status_code == 500
    (line,) = [line for line in lines(server)[before:] if "Internal Server Error" in line]
    assert "Internal Server Error: room" in line
    assert answer.headers["X-Request-ID"] in line
