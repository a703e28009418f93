"""A link over a real pair of sockets, and the epoll that watches them."""

import socket
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatsite.realtime.engineio import websocket as module
from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.protocol.frames import frame
from chatsite.realtime.scheduling import epoll as watching
from chatsite.realtime.scheduling.epoll import READ, SOCKETS_PER_TURN, TURN_SECONDS, WRITE, Epoll
from tests.realtime.protocol.test_frames import conversations
from tests.support.clients.raw_clients import masked


class Owner:
    """Remembers what it is told; `acts` does something about a message."""

    def __init__(self, acts=None):
        self.messages, self.parts, self.errors = [], [], []
        self.ended, self.could_write, self.acts = False, 0, acts

    def message(self, link, message):
        self.messages.append(message)
        if self.acts:
            self.acts(link, message)

    def unfinished(self, link, size, fragments):
        self.parts.append((size, fragments))

    def broken(self, link, error):
        self.errors.append(error.code)

    def writable(self, link):
        self.could_write += 1

    def lost(self, link):
        self.ended = True


@pytest.fixture
def websocket_epoll(monkeypatch):
    """One that no hub drives: the test takes its turns."""
    monkeypatch.setattr(watching.hub, "watch", lambda *_: None)
    websocket_epoll = Epoll(SOCKETS_PER_TURN, TURN_SECONDS)
    monkeypatch.setattr(module, "websocket_epoll", websocket_epoll)
    monkeypatch.setattr(module.clock, "after", lambda seconds, callback: None)
    return websocket_epoll


@pytest.fixture
def pair(websocket_epoll):
    """`pair(owner)` is (the peer's socket, our link)."""
    made = []

    def pair(owner):
        peer, raw = socket.socketpair()
        raw.setblocking(False)
        made.append((peer, WebSocket(raw, owner)))
        return made[-1]

    yield pair
    for peer, link in made:
        peer.close()
        link.close()


@given(conversations(), st.lists(st.integers(1, 40), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_chunking_says_the_same_through_a_link(websocket_epoll, pair, conversation, sizes):
    """Most chunks that a server reads are one whole frame, which takes a way of its own past the parser."""
    wire, said = conversation
    owner = Owner()
    peer, link = pair(owner)
    place = turn = 0
    while place < len(wire):
        size = sizes[turn % len(sizes)]
        peer.sendall(wire[place : place + size])
        websocket_epoll.turn()
        place, turn = place + size, turn + 1
    assert owner.messages == said
    assert link._parser is None


@given(st.lists(st.text(max_size=140), max_size=12), st.binary(min_size=4, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_frame_by_frame_says_the_same_through_a_link(websocket_epoll, pair, texts, mask):
    owner = Owner()
    peer, _ = pair(owner)
    for text in texts:
        peer.sendall(masked(text.encode(), mask=mask))
        websocket_epoll.turn()
    assert [message.text for message in owner.messages] == texts


def test_an_unfinished_frame_waits_and_is_forgotten_when_it_is_whole(websocket_epoll, pair):
    owner = Owner()
    peer, link = pair(owner)
    wire = masked(b"hello")
    peer.sendall(wire[:4])
    websocket_epoll.turn()
    assert link._parser is not None
    peer.sendall(wire[4:] + masked(b"you"))
    websocket_epoll.turn()
    assert [message.text for message in owner.messages] == ["hello", "you"]
    assert link._parser is None


def test_a_broken_frame_is_told(websocket_epoll, pair):
    owner = Owner()
    peer, _ = pair(owner)
    peer.sendall(masked(b"fine") + frame(b"not masked"))
    websocket_epoll.turn()
    assert owner.errors == [1002]


def test_text_that_is_none_is_told_on_the_short_way_too(websocket_epoll, pair):
    owner = Owner()
    peer, _ = pair(owner)
    peer.sendall(masked(b"\xff"))
    websocket_epoll.turn()
    assert (owner.messages, owner.errors) == ([], [1007])


def test_what_comes_behind_the_end_is_not_read(websocket_epoll, pair):
    owner = Owner(acts=lambda link, message: link.close())
    peer, _ = pair(owner)
    peer.sendall(masked(b"one") + masked(b"two"))
    websocket_epoll.turn()
    assert [message.text for message in owner.messages] == ["one"]


def test_a_paused_link_is_not_read_and_not_woken_by_a_peer_that_hung_up(websocket_epoll, pair):
    owner = Owner()
    peer, link = pair(owner)
    link.pause()
    peer.sendall(masked(b"later"))
    peer.close()
    websocket_epoll.turn()
    assert (owner.messages, owner.ended, link.paused) == ([], False, True)
    link.resume()
    websocket_epoll.turn()
    websocket_epoll.turn()
    assert ([message.text for message in owner.messages], owner.ended) == (["later"], True)


def test_writing_is_watched_while_it_is_asked_for(websocket_epoll, pair):
    owner = Owner()
    _, link = pair(owner)
    link.await_writable()
    link.await_writable()
    websocket_epoll.turn()
    assert owner.could_write == 1
    link.pause()
    websocket_epoll.turn()
    assert owner.could_write == 2
    link.written()
    websocket_epoll.turn()
    assert owner.could_write == 2


def test_one_may_close_the_other_in_the_same_turn(websocket_epoll, pair):
    links, owners = [], []
    for _ in range(2):
        owners.append(Owner(acts=lambda link, _: [one.close() for one in links if one is not link]))
        peer, link = pair(owners[-1])
        links.append(link)
        peer.sendall(masked(b"me first"))
    websocket_epoll.turn()
    assert sorted(len(owner.messages) for owner in owners) == [0, 1]


def test_one_that_fails_does_not_take_the_others_turn(websocket_epoll, pair, caplog):
    def fail(link, message):
        raise RuntimeError("a bug")

    bad, good = Owner(acts=fail), Owner()
    for owner in (bad, good):
        pair(owner)[0].sendall(masked(b"hello"))
    websocket_epoll.turn()
    assert bad.errors == [1011]
    assert len(good.messages) == 1


def test_a_bug_of_the_turn_itself_is_survived(websocket_epoll, caplog):
    peer, raw = socket.socketpair()
    broken = SimpleNamespace(readable=lambda: 1 / 0, writable=lambda: None)
    websocket_epoll.change(broken, raw.fileno(), 0, READ)
    peer.send(b"x")
    websocket_epoll.turn()
    assert "a socket's turn failed" in caplog.text
    websocket_epoll.change(broken, raw.fileno(), READ, 0)
    peer.close()
    raw.close()


def test_many_have_their_turn_in_slices(websocket_epoll, pair, monkeypatch):
    monkeypatch.setattr(websocket_epoll, "_limit", 3)
    owner = Owner()
    for _ in range(7):
        pair(owner)[0].sendall(masked(b"x"))
    counts = []
    for _ in range(4):
        websocket_epoll.turn()
        counts.append(len(owner.messages))
    assert counts == [3, 6, 7, 7]


def test_a_number_that_comes_again_is_anothers(websocket_epoll, pair):
    """The kernel gives the lowest free number: the next socket has that of the one which just closed."""
    old = Owner()
    _, link = pair(old)
    link.await_writable()
    number = link.raw.fileno()
    link.close()
    new = Owner()
    peer, other = pair(new)
    if other.raw.fileno() != number:
        peer, other = pair(new)
    peer.sendall(masked(b"hello"))
    websocket_epoll.turn()
    assert (old.messages, old.could_write, len(new.messages)) == ([], 0, 1)


def test_reading_and_writing_are_the_hubs_own_bits():
    assert (READ, WRITE) == (1, 4)
