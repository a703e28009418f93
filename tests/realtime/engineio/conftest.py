"""Both ways of sending to many: with io_uring and without. `watched` is an epoll of the test's own."""

import pytest

from chatsite.realtime.engineio import crowd
from chatsite.realtime.scheduling import epoll, hub
from chatsite.realtime.scheduling.send_ring import SendRing


@pytest.fixture(params=["io_uring", "one by one"])
def way(request, monkeypatch):
    """Send by the ring, or by a call for each."""
    ring = SendRing.open() if request.param == "io_uring" else None
    if ring is None and request.param == "io_uring":
        pytest.skip("the kernel has no io_uring, or forbids it here")
    monkeypatch.setattr(crowd, "send_ring", lambda: ring)


@pytest.fixture
def watched(monkeypatch):
    """Let no hub watch the websockets, and no clock call them."""
    own = epoll.Epoll(100, 1.0)
    own._epoll = epoll._select.epoll()
    monkeypatch.setattr("chatsite.realtime.engineio.websocket.websocket_epoll", own)
    monkeypatch.setattr(hub.clock, "after", lambda seconds, callback: None)
