"""Starting and stopping: nobody waits for a server that is told to go, and nobody is left in the dark."""

import signal
import time
from contextlib import suppress
from pathlib import Path
from socket import create_connection

import pytest

from tests.support.clients.raw_clients import Polling, RawSocket
from tests.support.servers.harness import ANSWER, serve
from tests.support.sites import ECHO

pytestmark = pytest.mark.realtime


@pytest.mark.serial
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_with_clients_connected_and_closes_them(tmp_path, number):
    with serve(tmp_path, ECHO, ASKING="240") as server:
        sockets = [RawSocket(server).connect(f"user{n}") for n in range(20)]
        half_open = RawSocket(server)
        polling = Polling(server).connect("poller")
        poll = polling.start("GET")
        deaf = RawSocket(server).connect("deaf")
        deaf.call("join", {"room": "r"})
        sockets[0].emit("say", {"room": "r", "size": 50_000, "times": 15})
        sockets[1].send('427["slow",{"n":0,"seconds":30}]')
        time.sleep(0.2)
        assert server.stop(number) < 10
        assert server.process.returncode == 0
        # 1001 is "going away": the official client comes back by itself.
        assert {socket.end() for socket in sockets} == {1001}
        assert half_open.end() == 1001
        assert poll.getresponse().read() == b"1"
        assert "Traceback" not in server.log.read_text()


def test_a_request_that_is_being_answered_is_answered(tmp_path):
    with serve(tmp_path, ECHO) as server:
        socket = RawSocket(server).connect()
        socket.send('427["slow",{"n":1,"seconds":0.3}]')
        time.sleep(0.1)
        server.process.terminate()
        # Its handler runs to its end, though its client is told to go at once.
        assert socket.end() == 1001
        assert server.process.wait(ANSWER) == 0


def test_who_says_something_only_then_is_closed_without_a_word_in_the_log(tmp_path):
    with serve(tmp_path, ECHO) as server:
        socket = RawSocket(server).connect()
        socket.send('427["slow",{"n":1,"seconds":0.8}]')
        silent = create_connection((server.host, server.port), timeout=ANSWER)
        time.sleep(0.2)
        server.process.terminate()
        assert socket.end() == 1001
        silent.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with suppress(ConnectionResetError):
            assert silent.recv(100) == b""
        assert server.process.wait(ANSWER) == 0
        assert "Bad file descriptor" not in server.log.read_text()


def test_a_worker_whose_parent_was_killed_goes_too(tmp_path):
    with serve(tmp_path, ECHO) as server:
        worker, socket = server.worker, RawSocket(server).connect()
        server.process.kill()
        server.process.wait()
        assert socket.end() == 1001
        deadline = time.monotonic() + ANSWER
        while time.monotonic() < deadline and is_running(worker):
            time.sleep(0.05)
        assert not is_running(worker)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
