"""gunicorn's worker under eventlet, which gunicorn dropped in version 26: `-k chatsite.realtime.worker.EventletWorker`.

gunicorn parses HTTP and manages the process; eventlet runs a greenlet a request; websockets leave both (see `link.py`).
"""

import errno
import gc
import os
import resource
import socket
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import eventlet
from eventlet import hubs
from eventlet.greenio import GreenSocket
from eventlet.greenthread import getcurrent
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base_async import ALREADY_HANDLED, AsyncWorker

from chatsite.realtime import door, handover, others
from chatsite.realtime.succession import Succession

# Seconds that requests which are being answered get when the server stops.
GRACE = 1
# Seconds for the headers of a connection's first request.
HEADERS = 10
# The same where others wait because there are too many: a good client asks within a few round trips.
ASKING = 2
# Connections accepted in a row, some 10 ms with their handshakes.
AT_ONCE = 32
# Seconds without a byte of a body that was announced, or of an answer taken, before the connection is given up.
PATIENCE = 30
# Seconds between two attempts to take a lost worker's place with code that doesn't start.
AGAIN = 10


def patch() -> None:
    """Before Django is imported. Never eventlet's asyncio hub: a running loop makes the ORM refuse to work."""
    hubs.use_hub(hubs.get_default_hub())
    eventlet.monkey_patch()
    from chatsite.realtime import database_wait

    database_wait.install()


def raise_descriptor_limit() -> None:
    """A socket is a descriptor, and 1,024 is a common default."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Client(GreenSocket):
    """A connection that is quiet for too long is one that has ended, and nothing to log."""

    # What another worker has read from it.
    given = b""

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self.given:
            data, self.given = self.given[:size], self.given[size:]
            return data
        try:
            return bytes(super().recv(size, flags))
        except TimeoutError:
            return b""

    def send(self, data: bytes, flags: int = 0) -> int:
        try:
            return int(super().send(data, flags))
        except TimeoutError:
            raise OSError(errno.EPIPE, "the client took nothing") from None


class EventletWorker(AsyncWorker):
    alive: bool

    def init_process(self) -> None:
        if self.cfg.is_ssl:
            self.log.error("certfile, keyfile: this worker speaks no TLS; let a proxy do that.")
            sys.exit(Arbiter.APP_LOAD_ERROR)
        patch()
        raise_descriptor_limit()
        # The system call writes to the plain socket, which never blocks here: an answer would end half-way.
        self.cfg.set("sendfile", False)
        self.answering = 0
        # Who is waited for to ask something, with the moment that began, in this order.
        self.asking: dict[Any, tuple[Client, float]] = {}
        self.handover: handover.Handover | None = None
        folder = Path(os.environ[handover.FOLDER]) if handover.FOLDER in os.environ else None
        self.succession = Succession(folder, self.age, self.cfg.workers)
        self.leaving = False
        try:
            super().init_process()
        except (Exception, SystemExit) as error:
            if self.succession.begun or not self.succession.has_predecessors():
                raise
            self.log.error(
                "A new process doesn't start, and the old ones serve on.",
                exc_info=isinstance(error, Exception),
            )
            self._pause()
            # By the codes that say so, gunicorn's main process would know, and end the whole site.
            sys.exit(1)

    def _pause(self) -> None:
        """Where one is missing, gunicorn starts the next at once: a core would do nothing else."""
        until = monotonic() + AGAIN
        while self.succession.has_gap() and self.alive and not self.leaving and monotonic() < until:
            self.notify()
            eventlet.sleep(0.1)

    def run(self) -> None:
        from chatsite.realtime.server import sio

        self.upgrade = sio.eio.upgrade
        self._join_others(sio)
        pool = eventlet.GreenPool(self.worker_connections)
        listeners = [Client(listener.sock) for listener in self.sockets]
        acceptors = [eventlet.spawn(self._accept, listener, pool) for listener in listeners]
        # What is loaded by now stays: the collector needn't look at it again, with all sockets waiting.
        gc.collect()
        gc.freeze()
        sio.start()
        self.succession.begin()
        while self.alive:
            self.notify()
            self._sleep(0.1 if self.leaving else 1.0)
            if self.leaving and self.succession.may_go():
                self.alive = False
        for acceptor in acceptors:
            acceptor.kill()
        for listener in listeners:
            listener.close()
        if self.handover:
            self.handover.stop()
        sio.stop()
        self._finish(sio.runners)

    def _join_others(self, sio: Any) -> None:
        """The other workers of this machine. Without the bus each would be a site of its own."""

        if self.cfg.workers == 1:
            return
        if not others.site.there or handover.FOLDER not in os.environ:
            self.log.error(
                "Several workers need REDIS_URL, PostgreSQL and the settings of chatsite/gunicorn.py."
            )
            sys.exit(Arbiter.APP_LOAD_ERROR)
        self.handover = handover.Handover(os.environ[handover.FOLDER], self._serve_given)
        self.handover.start()
        sio.eio.worker = self.handover.name

    def _serve_given(self, plain: Any, address: Any, data: bytes) -> None:
        """A request that another worker has read."""
        client = Client(plain)
        client.given = data
        super().handle(self.sockets[0], client, address)

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

    def _accept(self, listener: Client, pool: eventlet.GreenPool) -> None:
        accepted = 0
        while self.alive:
            try:
                client, address = listener.accept()
            except OSError as error:
                # Out of descriptors, most likely; those that wait are served when others go.
                self.log.warning("accept failed: %s", error)
                eventlet.sleep(0.1)
                continue
            while not pool.free() and self.alive:
                eventlet.sleep(0 if self._make_room() else 0.05)
            pool.spawn_n(self.handle, listener, client, address)
            accepted += 1
            if accepted % AT_ONCE == 0:
                # Accepting doesn't wait while there are more: nobody else would be served until all are in.
                eventlet.sleep(0)

    def _make_room(self) -> bool:
        """Whoever has been asking for the longest goes, so that nobody waits for those who never finish."""
        greenlet = next(iter(self.asking), None)
        if greenlet is None or monotonic() - self.asking[greenlet][1] < ASKING:
            return False
        client, _ = self.asking.pop(greenlet)
        # Where it has gone already, it will be noticed.
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        return True

    def handle(self, listener: Client, client: Client, address: Any) -> None:
        greenlet = getcurrent()
        greenlet.client, self.asking[greenlet] = client, (client, monotonic())
        try:
            self._handle(listener, client, address)
        finally:
            self.asking.pop(greenlet, None)

    def _handle(self, listener: Client, client: Client, address: Any) -> None:
        """A plain websocket handshake by the short way, everything else by gunicorn's."""
        data = b""
        try:
            with eventlet.Timeout(HEADERS, False):
                data = client.recv(door.LONGEST, socket.MSG_PEEK)
        except OSError as error:
            self.log.debug("a client went: %s", error)
        if not data or not self.alive:
            # Who says something only now is another's, where there is one.
            if data and self.handover:
                self.handover.give_anybody(client, address)
            client.close()
        elif not door.opens(data, client, address, self.upgrade):
            super().handle(listener, client, address)

    def _finish(self, runners: Any) -> None:
        deadline = monotonic() + min(GRACE, self.cfg.graceful_timeout)
        # At least one turn, so that websockets' close frames leave.
        eventlet.sleep(0.1)
        while (self.answering or not runners.idle or self._expects()) and monotonic() < deadline:
            eventlet.sleep(0.05)

    def _expects(self) -> bool:
        """Whether somebody was let in who hasn't said a word, and could be handed over."""
        return bool(self.handover and self.handover.others()) and any(
            not getattr(greenlet, "served", False) for greenlet in self.asking
        )

    def timeout_ctx(self) -> Any:
        """Around the wait for a request and its headers."""
        client = getattr(getcurrent(), "client", None)
        if client is not None:
            self.asking.setdefault(getcurrent(), (client, monotonic()))
        served = getattr(getcurrent(), "served", False)
        return eventlet.Timeout(self.cfg.keepalive if served else HEADERS, False)

    def handle_request(self, listener_name: Any, request: Any, client: Any, address: Any) -> Any:
        getcurrent().served = True
        self.asking.pop(getcurrent(), None)
        if self._handed_over(request, client, address):
            # gunicorn closes its own end of the socket.
            raise StopIteration
        self.answering += 1
        client.settimeout(PATIENCE)
        try:
            return super().handle_request(listener_name, request, client, address)
        finally:
            client.settimeout(None)
            self.answering -= 1

    def _handed_over(self, request: Any, client: Any, address: Any) -> bool:
        owner = self.handover and self.handover.owner(request.path, request.query)
        if not self.handover or not owner:
            return False
        return self.handover.give(owner, client, address, handover.as_read(request))

    def is_already_handled(self, response: Any) -> bool:
        if response is ALREADY_HANDLED:
            # The socket is a websocket's now: gunicorn must not look for a next request on it.
            raise StopIteration
        return False

    def handle_exit(self, signal: int, frame: Any) -> None:
        """SIGTERM, which in a rolling restart comes each second from its beginning on."""
        self.leaving = True

    def handle_quit(self, signal: int, frame: Any) -> None:
        """Ctrl-C stops the same way as SIGTERM; gunicorn's own handler sleeps, which the hub can't."""
        self.alive = False

    def handle_abort(self, signal: int, frame: Any) -> None:
        self.alive = False
        sys.exit(1)
