"""gunicorn's worker under eventlet, which gunicorn dropped in version 26.

`gunicorn -k chatsite.realtime.worker.eventlet_worker.EventletWorker`

gunicorn parses HTTP and manages the process; eventlet runs a greenlet a request; websockets leave both (see `link.py`).
"""

import gc
import logging
import os
import resource
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import eventlet
from eventlet import hubs
from eventlet.greenthread import getcurrent
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base_async import ALREADY_HANDLED, AsyncWorker

from chatsite.observability.logs import InvalidRequestFilter
from chatsite.realtime.delivery import peers
from chatsite.realtime.http.client_socket import ClientSocket, ListeningSocket
from chatsite.realtime.scheduling import loop_meter
from chatsite.realtime.scheduling.garbage import Collector
from chatsite.realtime.worker import socket_handoff
from chatsite.realtime.worker.rolling_restart import RollingRestart

# Seconds that requests which are being answered get when the server stops.
GRACE = 1
# Connections accepted in a row, some 3 ms with their handshakes.
AT_ONCE = 8
# Seconds between two attempts to take a lost worker's place with code that doesn't start.
AGAIN = 10


def patch() -> None:
    """Before Django is imported."""
    loop_meter.install()
    eventlet.monkey_patch()
    from chatsite.realtime.worker import psycopg_wait

    psycopg_wait.install()


def raise_descriptor_limit() -> None:
    """A socket is a descriptor, and 1,024 is a common default."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class EventletWorker(AsyncWorker):
    alive: bool
    # The WSGI application.
    wsgi: Any

    def init_process(self) -> None:
        if self.cfg.is_ssl:
            self.log.error("certfile, keyfile: this worker speaks no TLS; let a proxy do that.")
            sys.exit(Arbiter.APP_LOAD_ERROR)
        # Until all is loaded, of which nothing goes: it would take 0.1 of the 1.5 s of a start.
        gc.disable()
        patch()
        raise_descriptor_limit()
        # The system call writes to the plain socket, which never blocks here: an answer would end half-way.
        self.cfg.set("sendfile", False)
        self.answering = 0
        self.handover: socket_handoff.SocketHandoff | None = None
        folder = Path(os.environ[socket_handoff.FOLDER]) if socket_handoff.FOLDER in os.environ else None
        self.succession = RollingRestart(folder, self.age, self.cfg.workers)
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
        from chatsite.realtime.socketio.server import sio

        self.upgrade = sio.eio.upgrade
        self._prepare_http(sio)
        self._join_others(sio)
        pool = eventlet.GreenPool(self.worker_connections)
        listeners = [ListeningSocket(listener.sock) for listener in self.sockets]
        acceptors = [eventlet.spawn(self._accept, listener, pool) for listener in listeners]
        Collector().start()
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
        self._finish(sio.handler_pool)

    def _prepare_http(self, sio: Any) -> None:
        """Not before Django is set up."""
        from chatsite.realtime.http.connections import HttpConnections
        from chatsite.realtime.http.request_queue import RequestQueue
        from chatsite.realtime.http.server import HttpServer
        from chatsite.realtime.queues import read_queue

        logging.getLogger("gunicorn.error").addFilter(InvalidRequestFilter())
        self.connections = HttpConnections(self.worker_connections)
        self.http = HttpServer(self, self.connections)
        self.give_way = read_queue.give_way
        self.wsgi = self._answered(RequestQueue(sio.handler_pool).around(self.wsgi))

    def _join_others(self, sio: Any) -> None:
        """The other workers of this machine. Without the bus each would be a site of its own."""

        if self.cfg.workers == 1:
            return
        if not peers.site.there or socket_handoff.FOLDER not in os.environ:
            self.log.error(
                "Several workers need REDIS_URL, PostgreSQL and the settings of chatsite/gunicorn.py."
            )
            sys.exit(Arbiter.APP_LOAD_ERROR)
        self.handover = socket_handoff.SocketHandoff(os.environ[socket_handoff.FOLDER], self._serve_given)
        self.handover.start()
        sio.eio.worker = self.handover.name

    def _serve_given(self, plain: Any, address: Any, data: bytes) -> None:
        """A request that another worker has read."""
        client = ClientSocket(plain)
        client.given = data
        self.handle(self.sockets[0], client, address)

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

    def _accept(self, listener: ListeningSocket, pool: eventlet.GreenPool) -> None:
        accepted = 0
        while self.alive:
            try:
                client, address = listener.accept()
            except OSError as error:
                # Out of descriptors, most likely; those that wait are served when others go.
                self.log.warning("accept failed: %s", error)
                eventlet.sleep(0.1)
                continue
            while not self.connections.make_room(pool.free()) and self.alive:
                eventlet.sleep(0.05)
            pool.spawn_n(self.handle, listener, client, address)
            accepted += 1
            if accepted % AT_ONCE == 0:
                # Accepting doesn't wait while there are more: nobody else would be served until all are in.
                eventlet.sleep(0)

    def handle(self, listener: Any, client: ClientSocket, address: Any) -> None:
        """A connection, from its first byte on; one that another worker has begun to read, too."""
        loop_meter.start().give_way = self.give_way
        connection = self.http.admit(client, address)
        if connection is None:
            client.close()
            return
        getcurrent().connection = connection
        try:
            if client.given:
                self.http.answer_all(connection, listener, address)
            else:
                self.http.serve(connection, listener, address)
        finally:
            self.connections.remove(connection)

    def _finish(self, runners: Any) -> None:
        deadline = monotonic() + min(GRACE, self.cfg.graceful_timeout)
        # At least one turn, so that websockets' close frames leave.
        eventlet.sleep(0.1)
        while (self.answering or not runners.idle or self._expects()) and monotonic() < deadline:
            eventlet.sleep(0.05)

    def _expects(self) -> bool:
        """Whether somebody was let in who hasn't said a word, and could be handed over."""
        return bool(self.handover and self.handover.others()) and self.connections.unasked()

    def handle_request(self, listener_name: Any, request: Any, client: Any, address: Any) -> Any:
        if self._handed_over(request, client, address):
            client.close()
            raise StopIteration
        connection = getcurrent().connection
        self.answering += 1
        try:
            self.http.read_body(request, connection, address)
            connection.begins_answer()
            return super().handle_request(listener_name, request, client, address)
        finally:
            self.answering -= 1
            self.connections.hold(connection, 0)

    @staticmethod
    def _answered(application: Any) -> Any:
        """`application`, whose answer is to be taken at a least rate."""

        def taken(environ: dict[str, Any], start_response: Any) -> Any:
            answer = application(environ, start_response)
            getcurrent().connection.begins_taking()
            return answer

        return taken

    def _handed_over(self, request: Any, client: Any, address: Any) -> bool:
        owner = self.handover and self.handover.owner(request.path, request.query)
        if not self.handover or not owner:
            return False
        return self.handover.give(owner, client, address, socket_handoff.as_read(request))

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
