"""What comes from outside and isn't what it should be is refused or passed over, in one line at most and no traceback:
messages and sets in Redis, its cache, the backup's file, cookies, links, requests that are handed over, packets, bodies."""

import json
import math
import socket
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest
from django.core import signing
from django.core.management.base import CommandError
from django.test import Client
from rest_framework.exceptions import ParseError

from accounts.presence.redis_presence import RedisPresence
from accounts.services import check_setup
from chatsite.contract.errors import NotFound
from chatsite.operations.backup import archive, history, output, uploads
from chatsite.realtime.cluster.bus import Bus
from chatsite.realtime.cluster.envelope import KINDS, WORD, Envelope, Seal
from chatsite.realtime.cluster.relay import Relay
from chatsite.realtime.cluster.revocation_barrier import RevocationBarrier
from chatsite.realtime.cluster.shared_cache import CheckedJSONSerializer
from chatsite.realtime.delivery import peers
from chatsite.realtime.protocol import packets
from chatsite.realtime.worker import socket_handoff
from chatsite.web.rest.parsers import BoundedJSONParser
from chatsite.web.rest.throttles import UserThrottle
from rooms.presence import typing

DEEP = b"[" * 100_000
TEXTS = [
    b"", b" ", b"x", b"null", b"true", b"5", b"-1", b"nan", b"-inf", b"1e999", b"9" * 5000, b'"text"', b"[]", b"[[]]",
    b"{}", b'{"a":', b"[1,2", b'{"format":1}', b'["alive"]', b'["alive",5]', b'["ended?","x",[[["evict"]],[5],5,null,[]]]',
    b'["presence","one",[[],"x",-1],[{}]]', b'["look",[5,null,[]]]', b'["end",1,null,2,3]',
    b'["end-others",1,"x",null,[[],"y"]]',
    b'[{"a":1},["b"]]', b'42["typing",{"room":5}]', b'42["typing",{"room":"a","typing":true,"user":5}]',
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", "\u2028\u202e".encode(), b'"\\ud800"', b"\x80\x04N.", DEEP, b'{"a":' * 100_000,
]  # fmt: skip
each_text = pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:30]))


@pytest.fixture(autouse=True)
def no_traceback(caplog):
    yield
    assert not [record for record in caplog.records if record.exc_info]
    assert all("\n" not in record.getMessage() for record in caplog.records)


@pytest.fixture(autouse=True)
def words_as_they_were(monkeypatch):
    """Whoever is made here listens to the other processes' words."""
    monkeypatch.setattr(peers, "_handlers", dict(peers._handlers))


class Server:
    """What a bus is made with; it is never started."""


@pytest.fixture
def bus():
    return Bus(Server(), "t:")


@each_text
def test_a_canary(bus, text):
    before = bus._heard_at
    bus._receive(bus._canary, text)
    assert math.isfinite(bus.lag)
    assert bus.lag >= 0
    assert bus._heard_at >= before


def test_a_true_canary_is_heard_all_the_same(bus):
    bus._receive(bus._canary, b"x")
    bus._heard_at = 0.0
    bus._receive(bus._canary, b"0.5")
    assert bus._heard_at > 0


@pytest.fixture
def relay(bus):
    found = Relay(bus, Seal("secret"), lambda slugs: None)
    RevocationBarrier(bus.worker)
    return found


@each_text
def test_a_message_of_the_bus(relay, text):
    """Unsigned, as anybody can; and signed, as another version of the program might."""
    for channel in ("all", "r:a", "u:5", "p:me"):
        relay.hear(channel, text)
        for kind in KINDS:
            envelope = Envelope(bytes([kind]), "other123", 1, 0, text)
            relay.hear(channel, relay.seal.close(channel, envelope))
    assert typing.usernames("a", 0) == []


def test_a_word_of_the_wrong_parts(relay):
    for said in (
        [],
        [5],
        ["nothing"],
        ["evict", "x", "y"],
        ["ended?", "n", [[[]], [{}], ["end", 1]]],
        ["typing", "a", 5, {}],
    ):
        relay.hear(
            "all", relay.seal.close("all", Envelope(WORD, "other123", 0, 0, json.dumps(said).encode()))
        )


class Sets:
    """A Redis in which all sets have the same members."""

    prefix, worker, up = "t:", "me", True

    def __init__(self, members):
        self.members = members

    def client(self, key):
        return self

    def smembers(self, key):
        return self.members

    def ttl(self, key):
        return 5

    def put(self, key, *words): ...


@each_text
def test_who_is_where(text):
    here = RedisPresence(
        Sets({text, b"7"}), lambda user_id: None, lambda user_id: None, later=lambda *_: None
    )
    here.begin()
    here.compare_leases()
    here.watch()
    assert all(0 < user_id < 10**18 for user_id in here.online())
    assert 7 in here.online()


@each_text
def test_what_was_counted(text):
    stored = CheckedJSONSerializer({}).loads(text)
    throttle = UserThrottle()
    throttle.history = stored
    assert all(isinstance(at, int | float) for at in throttle.history)


PARTS = {
    "format": 1,
    "made_at": "2026-01-01T00:00:00Z",
    "migrations": [],
    "tables": {},
    "rooms": {},
    "uploads": {},
}
WRONG = [
    None,
    True,
    5,
    -1,
    1e300,
    "x",
    [],
    [5],
    [[]],
    [["a"]],
    [["a", 5]],
    [["a", "b", "c"]],
    {},
    {"a": 5},
    {"a": {}},
    {"a": []},
]


def unpack(path):
    with output.in_one_line(path), archive.opened(path) as opened:
        history.check_known(opened.migrations, "The archive")
        uploads.extract(opened, path.with_suffix(".uploads"))
        list(opened.lines("accounts.user"))


def refused(path):
    with pytest.raises(CommandError) as error:
        unpack(path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


@each_text
def test_a_manifest(tmp_path, text):
    path = tmp_path / "backup.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("manifest.json", text)
    refused(path)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_manifest(tmp_path, part):
    path = tmp_path / "backup.zip"
    for wrong in WRONG:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("manifest.json", json.dumps({**PARTS, part: wrong}))
        refused(path)


@pytest.mark.parametrize(
    "name", ["../up", "/etc/x", "a/../../b", "", ".", "\0", "x" * 5000, "manifest.json/x", "\ud800"]
)
def test_a_file_of_a_strange_name(tmp_path, name):
    path = tmp_path / "backup.zip"
    said = {name: {"bytes": 1, "sha256": "x"}}
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("manifest.json", json.dumps({**PARTS, "uploads": said}))
        file.writestr("uploads/other", b"x")
    refused(path)
    assert [found.name for found in tmp_path.parent.rglob("up")] == []


@each_text
def test_a_backup_that_is_no_zip(tmp_path, text):
    path = tmp_path / "backup.zip"
    path.write_bytes(text)
    refused(path)


@pytest.mark.parametrize("place", ["flags", "method"])
def test_a_zip_that_is_encrypted_or_packed_strangely(tmp_path, place):
    path = tmp_path / "backup.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("manifest.json", json.dumps(PARTS))
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    for begin in (6, central + 8) if place == "flags" else (8, central + 10):
        content[begin] = 1 if place == "flags" else 97
    path.write_bytes(content)
    refused(path)


@pytest.mark.django_db
@each_text
@pytest.mark.parametrize("cookie", ["sessionid", "csrftoken", "messages", "tz", "theme", "room", "devices"])
def test_a_cookie(owner, text, cookie):
    client = Client()
    if cookie != "sessionid":
        client.force_login(owner)
    client.cookies[cookie] = text[:4000].decode("latin-1")
    for path in ("/login", "/", "/profile"):
        assert client.get(path).status_code in (200, 302)
    assert client.post("/login", {"username": "owner", "password": "x"}).status_code in (302, 400, 429)


@each_text
def test_what_we_signed_ourselves_in_another_version(text):
    value = signing.dumps(text.decode("latin-1")[:100], salt="accounts.setup")
    for token in (value + "x", text.decode("latin-1")):
        with pytest.raises(NotFound):
            check_setup(token)


@each_text
def test_a_request_that_is_handed_over(text, monkeypatch):
    """The lengths are right, and what they are of is not."""
    monkeypatch.setattr(socket_handoff.hubs, "trampoline", lambda *args, **options: None)
    text = text[:50_000]
    for content in (text, len(text).to_bytes(4, "big") + text):
        ours, theirs = socket.socketpair()
        descriptors = []
        with ours, theirs:
            socket.send_fds(ours, [len(content).to_bytes(4, "big")], [ours.fileno()])
            ours.sendall(content)
            ours.shutdown(socket.SHUT_WR)
            with suppress(OSError, ValueError):
                socket_handoff.receive(theirs, descriptors)
        for descriptor in descriptors:
            socket.close(descriptor)


@each_text
def test_a_packet(text):
    for kind in ("", "0", "2", "3", "27"):
        with suppress(packets.PacketError):
            packets.decode(kind + text.decode("utf-8", "replace"))


@each_text
def test_a_body(text):
    with suppress(ParseError):
        BoundedJSONParser().parse(BytesIO(text), parser_context={})
