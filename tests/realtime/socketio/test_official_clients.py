"""The clients that people use: Socket.IO's own in JavaScript, and python-socketio's, over each transport."""

import json
import shutil
import subprocess

import pytest
import socketio

from tests.support import ROOT
from tests.support.clients.cast import in_order
from tests.support.servers.harness import ANSWER

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("alive")]

UNKNOWN = {"code": "unknown_event", "detail": "There is no such event."}
TRANSPORTS = {
    "websocket": ["websocket", "websocket"],
    "polling": ["polling", "polling"],
    "polling,websocket": ["polling", "websocket"],
}


@pytest.mark.parametrize("transports", TRANSPORTS)
def test_the_javascript_client(site, transports):
    node = shutil.which("node")
    assert node, "node is missing"
    done = subprocess.run(
        [node, "tests/support/clients/official.mjs", site.url, transports],
        cwd=ROOT, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["transports"][-1] == TRANSPORTS[transports][-1]
    assert seen["events"] == list(range(200))
    assert seen["order"] == list(range(100))
    assert seen["echo"] == {"ok": True, "echo": {"text": "é🙂\u2028", "deep": [[{}]]}}
    assert seen["unknown"] == {"ok": False, "error": UNKNOWN}
    assert seen["failed"] == {"event": "nope", "error": UNKNOWN}
    assert seen["refused"] == {"message": "Log in first.", "data": {"code": "unauthorized"}}
    assert seen["reconnected"] is True
    assert seen["ended"] == {"code": "banned"}
    assert seen["reason"] == "io server disconnect"


class Ordered(socketio.Client):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        in_order(self)


class Simple(socketio.SimpleClient):
    client_class = Ordered


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
def test_the_python_client(site, transports):
    with Simple(request_timeout=ANSWER) as client:
        client.connect(site.url, transports=transports, auth={"token": "python"}, wait_timeout=ANSWER)
        assert client.transport == transports[-1]
        assert client.call("join", {"room": "python"}) == {"ok": True}
        client.emit("say", {"room": "python", "times": 50})
        assert [client.receive(timeout=ANSWER)[1]["n"] for _ in range(50)] == list(range(50))
        assert client.call("nope", {}) == {"ok": False, "error": UNKNOWN}
        client.emit("nope", {})
        assert client.receive(timeout=ANSWER) == ["request-failed", {"event": "nope", "error": UNKNOWN}]


def test_the_python_client_is_refused_with_the_code(site):
    client = socketio.Client(reconnection=False, request_timeout=ANSWER)
    refused = []
    client.on("connect_error", refused.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(site.url, auth={"token": "stranger"}, wait_timeout=ANSWER)
    assert refused == [{"message": "Log in first.", "data": {"code": "unauthorized"}}]
    client.shutdown()


def test_binary_from_an_official_client_closes(site):
    client = socketio.Client(reconnection=False, request_timeout=ANSWER)
    client.connect(site.url, transports=["websocket"], auth={"token": "binary"}, wait_timeout=ANSWER)
    client.emit("echo", {"data": b"\x00\x01"})
    client.wait()
    assert not client.connected
