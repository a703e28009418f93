"""G8: a client that does not read is cut, and hurts nobody else. First by itself, then over real sockets."""

import socket as sockets
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from chatsite.realtime.engineio import engine_session
from chatsite.realtime.engineio.engine_session import EngineSocket
from chatsite.realtime.protocol.frames import frame, payload_of
from chatsite.realtime.scheduling import flush_scheduler, hub
from tests.support.clients.raw_clients import RawSocket

MAX_BUFFERED_BYTES = engine_session.MAX_BUFFERED_BYTES


class Ended:
    """A server that only notes who ended."""

    class reason:
        TRANSPORT_ERROR, TRANSPORT_CLOSE, SERVER_DISCONNECT = "error", "close", "server"
        PING_TIMEOUT = "ping timeout"

    def __init__(self):
        self.ended_with = []

    def ended(self, socket, reason):
        self.ended_with.append(reason)


class Narrow:
    """A link that takes `room` bytes and then no more."""

    def __init__(self, room):
        self.room, self.sent, self.state, self.paused = room, b"", "open", False
        self.crowd = None

    def send(self, data):
        if self.room < 0:
            raise BrokenPipeError
        taken, self.room = data[: self.room], max(0, self.room - len(data))
        self.sent += taken
        return len(taken)

    def leave_crowd(self):
        pass

    def await_writable(self):
        self.state = "waiting"

    def written(self):
        self.state = "open"

    def pause(self):
        pass

    def finish(self):
        self.state = "finished"

    def close(self):
        self.state = "closed"

    def reset(self):
        self.state = "reset"


@pytest.fixture
def socket(monkeypatch):
    monkeypatch.setattr(flush_scheduler.flush_scheduler, "add", lambda socket: None)
    monkeypatch.setattr(hub.clock, "after", lambda seconds, callback: None)
    socket = EngineSocket(Ended(), "sid", "127.0.0.1")
    socket.websocket, socket.upgraded = Narrow(10**9), True
    socket.session = SimpleNamespace(waiting=0)
    return socket


@pytest.mark.parametrize("room", range(40))
def test_a_send_that_ends_at_any_byte_goes_on_there(socket, room):
    frames = [frame(text.encode()) for text in ("one", "two" * 5, "", "three")]
    socket.websocket.room = room
    for one in frames:
        socket.push(one)
    socket.flush()
    socket.push(frame(b"late"))
    socket.websocket.room = 10**6
    socket.writable(socket.websocket)
    assert socket.websocket.sent == b"".join([*frames, frame(b"late")])
    assert socket.waiting == 0
    assert socket.outbox == []
    assert socket.websocket.state == "open"


@pytest.mark.parametrize("room", range(30))
def test_what_is_left_and_what_is_sent_at_once_keep_their_order_at_any_byte(socket, room):
    """Heads wait for a ping, which doesn't wait for the tick's end; the kernel may take any part of them."""
    said = [frame(text.encode()) for text in ("heads", "2", "event", "2", "late heads", "2")]
    left, ping, event, again, late, last = said
    socket.websocket.room = room
    socket.piggyback(left)
    assert socket.websocket.sent == b""
    socket.send(ping)
    socket.push(event)
    socket.send(again)
    socket.piggyback(late)
    socket.websocket.room = 10**6
    socket.flush()
    socket.send(last)
    assert socket.websocket.sent == b"".join(said)
    assert (socket.waiting, socket.outbox, socket.websocket.state) == (0, [], "open")


def test_what_is_left_is_dropped_for_a_slow_reader_and_for_who_is_gone(socket):
    socket.websocket.room = 0
    while socket.waiting < MAX_BUFFERED_BYTES // 2 - 60_010:
        socket.push(frame(b"x" * 60_000))
    before = list(socket.outbox)
    socket.piggyback(frame(b"small"))
    socket.piggyback(frame(b"x" * 60_000))
    assert socket.outbox == [*before, frame(b"small")]
    socket.close()
    waiting = socket.waiting
    socket.piggyback(frame(b"x"))
    socket.send(frame(b"x"))
    assert socket.waiting == waiting


def test_beyond_a_mebibyte_it_is_cut_and_nothing_of_it_is_kept(socket):
    socket.websocket.room = 0
    big = frame(b"x" * 60_000)
    while not socket.closed:
        assert socket.waiting <= MAX_BUFFERED_BYTES
        socket.push(big)
        socket.flush()
    assert socket.server.ended_with == ["error"]
    assert socket.outbox == []
    socket.push(big)
    assert socket.outbox == []


def test_where_too_much_waits_for_all_of_a_person_the_next_that_grows_is_cut(socket):
    socket.session.waiting = engine_session.PERSON_BUFFERED_BYTES + 1
    small = b"x" * 1000
    while socket.waiting + len(small) <= engine_session.PERSON_CHECK_BYTES:
        socket.push(small)
    assert not socket.closed, "what little waits for one is nobody's harm"
    socket.push(small)
    assert socket.closed


def test_what_may_be_dropped_is_dropped_from_half_full_on(socket):
    socket.websocket.room = 0
    while socket.waiting < MAX_BUFFERED_BYTES // 2 - 60_010:
        socket.push(frame(b"x" * 60_000))
    socket.push(frame(b"typing"), droppable=True)
    assert payload_of(socket.outbox[-1]) == b"typing"
    socket.push(frame(b"x" * 60_000))
    before = list(socket.outbox)
    socket.push(frame(b"x" * 1000), droppable=True)
    assert socket.outbox == before
    socket.push(frame(b"message"))
    assert payload_of(socket.outbox[-1]) == b"message"
    assert not socket.closed


def test_what_takes_nothing_for_ten_seconds_is_cut_and_what_takes_little_is_not(socket, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(engine_session, "monotonic", lambda: now[0])
    socket.websocket.room = 0
    socket.push(frame(b"x" * 5000))
    socket.flush()
    for _ in range(20):
        now[0] += 9
        socket.websocket.room = 10
        socket.writable(socket.websocket)
        socket._check_progress()
    assert not socket.closed
    now[0] += 10
    socket._check_progress()
    assert socket.closed


def test_a_peer_that_is_gone_ends_the_session(socket):
    socket.websocket.room = -1
    socket.push(frame(b"x"))
    socket.flush()
    assert socket.server.ended_with == ["close"]


def test_a_close_goes_out_behind_what_waits(socket):
    socket.push(frame(b"last words"))
    socket.close(reason="server")
    assert socket.websocket.sent == frame(b"last words") + b"\x88\x02\x03\xe8"
    assert socket.websocket.state == "finished"
    socket.close(reason="again")
    assert socket.server.ended_with == ["server"]


def test_who_is_silent_after_a_ping_is_gone_unless_we_are_not_listening(socket):
    socket.ping()
    socket.websocket.paused = True
    socket.check_pong()
    socket.websocket.paused = False
    socket.heard_since_ping = True
    socket.check_pong()
    assert not socket.closed
    socket.check_pong()
    assert socket.server.ended_with == ["ping timeout"]


# Over real sockets


def resident(pid):
    """Bytes of memory that the process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


@pytest.mark.realtime
def test_a_reader_that_stops_reading_is_cut_while_others_go_on(site, raw):
    deaf, reader, speaker = raw().connect("deaf"), raw().connect("reader"), raw().connect("speaker")
    deaf.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    for socket in (deaf, reader):
        socket.call("join", {"room": "flood"})
    before, count = resident(site.worker), 0
    while ["disconnected", "deaf"] not in speaker.call("state")["history"]:
        speaker.emit("say", {"room": "flood", "size": 10_000, "times": 50})
        for _ in range(50):
            assert reader.event()[0] == "said"
            count += 1
        assert count < 3000, "30 MB were taken in for one who doesn't read"
    assert resident(site.worker) - before < 20_000_000
    assert reader.call("echo") == {"ok": True, "echo": {}}


@pytest.mark.realtime
def test_droppable_events_do_not_cut_a_slow_reader(raw):
    slow, speaker = raw().connect("slow"), raw().connect("speaker")
    slow.call("join", {"room": "typists"})
    for _ in range(20):
        # Nobody reads its pings, and on a busy machine it may be long enough for them to be missed.
        slow.send("3")
        speaker.call("say", {"room": "typists", "size": 30_000, "times": 50, "droppable": True})
    assert ["disconnected", "slow"] not in speaker.call("state")["history"]
    assert slow.call("echo") == {"ok": True, "echo": {}}


@pytest.mark.realtime
def test_a_polling_client_that_does_not_poll_is_cut(site, polling, raw):
    polling.connect("lazy")
    polling.send('42["join",{"room":"lazy"}]')
    speaker = raw().connect()
    speaker.call("say", {"room": "lazy", "size": 60_000, "times": 30})
    assert ["disconnected", "lazy"] in speaker.call("state")["history"]
    assert polling.packets() == ["1"]


@pytest.mark.realtime
def test_much_for_a_reader_that_reads_is_all_delivered_in_order(site):
    with RawSocket(site) as reader, RawSocket(site) as speaker:
        reader.connect(), speaker.connect()
        reader.call("join", {"room": "stream"})
        speaker.emit("say", {"room": "stream", "size": 3000, "times": 3000, "pause": 0.0001})
        began = time.monotonic()
        assert [reader.event()[1]["n"] for _ in range(3000)] == list(range(3000))
        assert time.monotonic() - began < 100


@pytest.mark.realtime
def test_one_event_is_the_same_bytes_for_everyone(site, raw):
    readers = [raw().connect(f"reader{n}") for n in range(5)]
    for reader in readers:
        reader.call("join", {"room": "same"})
    raw().connect().emit("say", {"room": "same", "text": "é"})
    assert {reader.until("42") for reader in readers} == {'42["said",{"n":0,"text":"é"}]'}
