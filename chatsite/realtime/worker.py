"""gunicorn's worker under eventlet, which gunicorn dropped in version 26: `-k chatsite.realtime.worker.EventletWorker`.

gunicorn parses HTTP and manages the process; eventlet runs a greenlet a request; websockets leave both (see `link.py`).
"""

import os
import sys
from time import monotonic
from typing import Any

import eventlet
from eventlet import hubs
from eventlet.greenio import GreenSocket
from gunicorn.workers.base_async import ALREADY_HANDLED, AsyncWorker

# Seconds that requests which are being answered get when the server stops.
GRACE = 1.5
# Seconds without a byte of a body that was announced, or of an answer taken, before the connection is given up.
PATIENCE = 30


def patch() -> None:
    """Before Django is imported. Never eventlet's asyncio hub: a running loop makes the ORM refuse to work."""
    hubs.use_hub(hubs.get_default_hub())
    eventlet.monkey_patch()
    try:
        import psycopg.waiting
    except ImportError:
        return
    # psycopg's wait in C blocks the process: five queries of 1 s took 5.0 s. This one is made of select, which is patched.
    psycopg.waiting.wait = psycopg.waiting.wait_selector


class EventletWorker(AsyncWorker):
    def init_process(self) -> None:
        patch()
        self.answering = 0
        super().init_process()

    def run(self) -> None:
        from chatsite.realtime.server import sio

        pool = eventlet.GreenPool(self.worker_connections)
        listeners = [GreenSocket(listener.sock) for listener in self.sockets]
        acceptors = [eventlet.spawn(self._accept, listener, pool) for listener in listeners]
        sio.start()
        while self.alive:
            self.notify()
            self._sleep(1.0)
        for acceptor in acceptors:
            acceptor.kill()
        for listener in listeners:
            listener.close()
        sio.stop()
        self._finish()

    def notify(self) -> None:
        super().notify()
        if self.ppid != os.getppid():
            self.log.info("Parent changed, shutting down: %s", self)
            self.alive = False

    def _sleep(self, seconds: float) -> None:
        """Until a signal comes: gunicorn has Python write each one into this pipe."""
        try:
            hubs.trampoline(self.PIPE[0], read=True, timeout=seconds, timeout_exc=TimeoutError)
            os.read(self.PIPE[0], 64)
        except (TimeoutError, BlockingIOError):
            pass

    def _accept(self, listener: GreenSocket, pool: eventlet.GreenPool) -> None:
        while self.alive:
            try:
                client, address = listener.accept()
            except OSError as error:
                # Out of descriptors, most likely; those that wait are served when others go.
                self.log.warning("accept failed: %s", error)
                eventlet.sleep(0.1)
                continue
            client.settimeout(PATIENCE)
            pool.spawn_n(self.handle, listener, client, address)

    def _finish(self) -> None:
        deadline = monotonic() + min(GRACE, self.cfg.graceful_timeout)
        # At least one turn, so that websockets' close frames leave.
        eventlet.sleep(0.1)
        while self.answering and monotonic() < deadline:
            eventlet.sleep(0.05)

    def timeout_ctx(self) -> Any:
        return eventlet.Timeout(self.cfg.keepalive or None, False)

    def handle_request(self, listener_name: Any, request: Any, client: Any, address: Any) -> Any:
        self.answering += 1
        try:
            return super().handle_request(listener_name, request, client, address)
        finally:
            self.answering -= 1

    def is_already_handled(self, response: Any) -> bool:
        if response is ALREADY_HANDLED:
            # The socket is a websocket's now: gunicorn must not look for a next request on it.
            raise StopIteration
        return False

    def handle_quit(self, signal: int, frame: Any) -> None:
        """Ctrl-C stops the same way as SIGTERM; gunicorn's own handler sleeps, which the hub can't."""
        self.alive = False

    def handle_abort(self, signal: int, frame: Any) -> None:
        self.alive = False
        sys.exit(1)
