"""What this package relies on in the libraries without their promise. An upgrade that changes it fails here, by name."""

import inspect
import io
import re
import socket

import engineio
import psycopg.waiting
import pytest
import socketio
from engineio.base_socket import BaseSocket
from eventlet import greenio, greenthread, hubs, patcher
from eventlet.event import Event
from eventlet.hubs import poll
from eventlet.hubs.hub import FdListener
from eventlet.queue import Waiter
from eventlet.semaphore import Semaphore
from gunicorn import http
from gunicorn.http import body, message, wsgi
from gunicorn.http.parser import Parser
from gunicorn.http.unreader import IterUnreader, Unreader
from gunicorn.workers import base, base_async

from chatsite.realtime.scheduling.epoll import READ


def parameters(function):
    return list(inspect.signature(function).parameters)


def test_gunicorns_worker():
    worker = base_async.AsyncWorker
    assert parameters(worker.handle) == ["self", "listener", "client", "addr"]
    assert parameters(worker.handle_request) == ["self", "listener_name", "req", "sock", "addr"]
    assert parameters(worker.is_already_handled) == ["self", "respiter"]
    assert parameters(worker.handle_quit) == parameters(worker.handle_abort) == ["self", "sig", "frame"]
    assert base_async.ALREADY_HANDLED is not None
    assert "raise StopIteration()" in inspect.getsource(worker.handle_request)
    assert "set_wakeup_fd(self.PIPE[1])" in inspect.getsource(base.Worker.init_signals)
    assert "self.sockets" in inspect.getsource(base.Worker.init_process)


def test_gunicorns_parser_as_it_is_given_whole_requests():
    """What `http_server.py` and `request_reader.py` do in the place of its own loop and readers."""
    assert parameters(http.get_parser)[:3] == ["cfg", "source", "source_addr"]
    assert parameters(Unreader.take_buffered) == ["self"]
    assert parameters(Unreader.unread) == ["self", "data"]
    assert isinstance(Unreader().buf, io.BytesIO)
    chunked = body.ChunkedReader(None, IterUnreader(iter([b"3\r\nabc\r\n0\r\n\r\n"])))
    assert b"".join(chunked.parser) == b"abc"
    assert body.LengthReader(Unreader(), 5).length == 5
    assert body.Body(chunked).reader is chunked
    assert "_expected_100_continue" in inspect.getsource(wsgi.create)
    assert "body.read(1024)" in inspect.getsource(Parser.finish_body)
    assert "must_close" in inspect.getsource(message.Message.should_close)
    assert base_async.AsyncWorker.handle_error


def test_eventlets_waits_call_the_hubs_switch():
    for waits in (hubs.trampoline, greenthread.sleep, Event.wait, Semaphore.acquire, Waiter.wait):
        assert re.search(r"hub(s\.get_hub\(\)|\(\))?\.switch\(\)", inspect.getsource(waits)), waits


def test_gunicorns_environ_has_the_socket():
    assert '"gunicorn.socket": sock' in inspect.getsource(wsgi.default_environ)


def test_python_engineios_server():
    assert issubclass(engineio.Server, engineio.base_server.BaseServer)
    for name in ("_cors_headers", "generate_id", "handle_request", "transports", "valid_transports"):
        assert hasattr(engineio.Server, name) or name == "transports", name
    assert {"sockets", "handlers", "transports", "sequence_number"} <= set(
        vars(engineio.Server(async_mode="threading"))
    ) | {"sequence_number"}
    reasons = vars(engineio.Server.reason)
    assert {
        "SERVER_DISCONNECT",
        "CLIENT_DISCONNECT",
        "PING_TIMEOUT",
        "TRANSPORT_CLOSE",
        "TRANSPORT_ERROR",
    } <= set(reasons)


def test_python_engineios_socket_has_no_more_state_than_ours_sets():
    mine = {"server", "sid", "connected", "upgrading", "upgraded", "closing", "closed", "session"}
    theirs = set(BaseSocket(engineio.Server(async_mode="threading"), "sid").__dict__)
    assert theirs - mine == {"queue", "last_ping"}


def test_python_socketios_server():
    server = socketio.Server
    assert parameters(server._engineio_server_class) == ["self"]
    assert parameters(server._handle_eio_connect) == ["self", "eio_sid", "environ"]
    assert parameters(server._handle_eio_message) == ["self", "eio_sid", "data"]
    assert parameters(server._handle_eio_disconnect) == ["self", "eio_sid", "reason"]
    assert "self.eio = self._engineio_server_class()(" in inspect.getsource(
        socketio.base_server.BaseServer.__init__
    )


def test_eventlets_hub_and_sockets():
    hub = hubs.get_hub()
    assert parameters(hub.add)[:3] == ["evtype", "fileno", "cb"]
    assert parameters(hub.schedule_call_global) == ["seconds", "cb", "args", "kw"]
    assert callable(hub.remove)
    assert "listener.greenlet.dead" in inspect.getsource(type(hub).close_one)
    assert FdListener("read", 0, None, None, None).greenlet is not None
    assert "type(self)(client)" in inspect.getsource(greenio.GreenSocket.accept)
    assert hasattr(greenio.GreenSocket, "fd")
    assert parameters(Event.send)[:2] == ["self", "result"]
    assert patcher.original("socket").socket is not None


def test_an_epoll_of_our_own_is_watched_by_the_hubs():
    """eventlet takes `epoll` out of the module that it patches, and calls back with the descriptor."""
    mine, hubs_own = (patcher.original("select").epoll() for _ in range(2))
    ours, peer = socket.socketpair()
    with ours, peer, mine, hubs_own:
        mine.register(ours.fileno(), READ)
        hubs_own.register(mine.fileno(), READ)
        assert hubs_own.poll(0) == []
        peer.send(b"x")
        for _ in range(2):
            assert hubs_own.poll(0) == [(mine.fileno(), READ)], "for as long as something is ready in ours"
        ours.recv(1)
        assert hubs_own.poll(0) == []
    assert "listener.cb(fileno)" in inspect.getsource(poll.Hub.wait)


@pytest.mark.parametrize("asyncio_hub", ["asyncio"])
def test_the_default_hub_is_never_asyncios(asyncio_hub):
    assert asyncio_hub not in hubs.builtin_hub_names
    assert asyncio_hub not in hubs.get_default_hub().__name__


def test_psycopgs_wait_can_be_replaced():
    assert parameters(psycopg.waiting.wait) == ["gen", "fileno", "interval", "timeout"]
    assert (psycopg.waiting.Wait.R, psycopg.waiting.Wait.W) == (
        psycopg.waiting.Ready.R,
        psycopg.waiting.Ready.W,
    )
    assert issubclass(psycopg.errors._WaitTimeout, Exception)
    assert "waiting.wait(" in inspect.getsource(psycopg.Connection.wait)
