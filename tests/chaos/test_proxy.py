"""What stands between the programs of the other tests does what it says."""

import asyncio
import socket
import threading
import time

import pytest

from tests.chaos.proxy import Proxy

# Seconds; nothing is expected to take it, but what shall not come is waited for a moment.
PATIENCE, MOMENT = 30, 0.3


class Echo:
    """Sends back what it gets; `heard` is all of it, by connection."""

    def __init__(self):
        self.heard, self.listener = [], socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.heard.append(bytearray())
            threading.Thread(target=self._serve, args=(client, self.heard[-1]), daemon=True).start()

    def _serve(self, client, heard):
        with client:
            while data := client.recv(1000):
                heard += data
                client.sendall(data)


@pytest.fixture
def echo():
    echo = Echo()
    yield echo
    echo.listener.close()


@pytest.fixture
def way(echo):
    with Proxy(echo.port) as way:
        yield way


def connect(way):
    return socket.create_connection(("127.0.0.1", way.port), timeout=PATIENCE)


def answer(client, data):
    client.sendall(data)
    return client.recv(1000)


def await_heard(echo, *all_of_it):
    deadline = time.monotonic() + PATIENCE
    while sorted(map(bytes, echo.heard)) != sorted(all_of_it):
        assert time.monotonic() < deadline, echo.heard
        time.sleep(0.02)


def nothing_comes(client):
    client.settimeout(MOMENT)
    with pytest.raises(TimeoutError):
        client.recv(1000)
    client.settimeout(PATIENCE)
    return True


def test_it_passes_on_what_is_said_and_the_end(echo, way):
    with connect(way) as client:
        assert answer(client, b"one") == b"one"
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1000) == b""
    await_heard(echo, b"one")


def test_cut_ends_what_is_open_and_refuses_the_rest_until_it_is_healed(way):
    with connect(way) as client:
        assert answer(client, b"one") == b"one"
        way.cut()
        assert client.recv(1000) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(way)
    way.heal()
    with connect(way) as client:
        assert answer(client, b"two") == b"two"


def test_blocked_nothing_passes_and_nobody_is_told(way):
    with connect(way) as client, connect(way) as leaver:
        assert answer(client, b"one") == b"one"
        way.block()
        client.sendall(b"two")
        leaver.shutdown(socket.SHUT_WR)
        with connect(way) as late:
            late.sendall(b"three")
            assert all(nothing_comes(one) for one in (client, leaver, late))
            way.heal()
            assert client.recv(1000) == b"two"
            assert late.recv(1000) == b"three"
            assert leaver.recv(1000) == b""


def test_forgotten_nothing_passes_ever_again_and_new_ones_are_well(way):
    with connect(way) as before:
        assert answer(before, b"one") == b"one"
        way.forget()
        before.sendall(b"two")
        assert nothing_comes(before)
        with connect(way) as after:
            assert answer(after, b"three") == b"three"
        way.heal()
        assert nothing_comes(before)


def test_slowed_all_comes_in_order_and_late(way):
    way.slow(10 * MOMENT)
    with connect(way) as client:
        client.sendall(b"one")
        assert nothing_comes(client)
        way.heal()
        client.sendall(b" two")
        heard = b""
        while len(heard) < 7:
            heard += client.recv(1000)
        assert heard == b"one two"


def test_doubled_each_new_connection_is_made_twice(echo, way):
    way.double()
    with connect(way) as client:
        assert answer(client, b"one") == b"one"
        assert nothing_comes(client)
    way.heal()
    with connect(way) as client:
        assert answer(client, b"two") == b"two"
    await_heard(echo, b"one", b"one", b"two")


def test_what_has_just_come_is_ended_with_it(echo):
    """A task that is left is collected in some later test, which fails by what it says then."""
    with Proxy(echo.port) as way:
        clients = [connect(way) for _ in range(200)]
    assert asyncio.all_tasks(way._loop) == set()
    for client in clients:
        client.close()
