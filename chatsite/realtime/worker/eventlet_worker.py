"""gunicorn's worker under eventlet, which gunicorn dropped in version 26.

`gunicorn -k chatsite.realtime.worker.eventlet_worker.EventletWorker`

gunicorn parses HTTP and manages the process; eventlet runs a greenlet for each connection; websockets leave
both (see `engineio/websocket.py`).
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
from chatsite.realtime.scheduling import loop_meter, threads
from chatsite.realtime.scheduling.garbage import Collector
from chatsite.realtime.worker import socket_handoff
from chatsite.realtime.worker.rolling_restart import RollingRestart

# Seconds that requests under way, and what is left to be said to the database, get when the server stops.
GRACE_SECONDS = 1
# Connections accepted in one turn of the hub, some 3 ms with their handshakes.
ACCEPTS_PER_TURN = 8
# Seconds between two attempts to replace a lost worker by code that doesn't start.
RETRY_SECONDS = 10


def patch() -> None:
    """Patch the process for eventlet. Must run before Django is imported."""
    loop_meter.install()
    threads.install()
    eventlet.monkey_patch()
    from chatsite.realtime.worker import unused_libraries

    if "psycopg" not in unused_libraries.block():
        from chatsite.realtime.worker import psycopg_wait

        psycopg_wait.install()


def raise_descriptor_limit() -> None:
    """Raise the limit of descriptors to the hard one: a socket takes one, and 1,024 is a common default."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class EventletWorker(AsyncWorker):
    """A worker process."""

    alive: bool
    # The WSGI application.
    wsgi: Any

    def init_process(self) -> None:
        if self.cfg.is_ssl:
            self.log.error("certfile, keyfile: this worker speaks no TLS; let a proxy do that.")
            sys.exit(Arbiter.APP_LOAD_ERROR)
        # Off until everything is loaded: nothing of that is garbage, and looking takes 0.1 of the 1.5 s of a
        # start.
        gc.disable()
        self.answering = 0
        self.handoff: socket_handoff.SocketHandoff | None = None
        folder = Path(os.environ[socket_handoff.FOLDER]) if socket_handoff.FOLDER in os.environ else None
        self.rolling_restart = RollingRestart(folder, self.age, self.cfg.workers)
        self.leaving = False
        try:
            self._prepare_process()
            super().init_process()
        except (Exception, SystemExit) as error:
            if self.rolling_restart.begun or not self.rolling_restart.has_predecessors():
                raise
            self.log.error(
                "A new process doesn't start, and the old ones serve on.",
                exc_info=isinstance(error, Exception),
            )
            self._pause()
            # With gunicorn's own exit codes its main process would end the whole site.
            sys.exit(1)

    def _prepare_process(self) -> None:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
        patch()
        raise_descriptor_limit()
        # sendfile writes to the plain socket, which never blocks here: an answer would end half-way.
        self.cfg.set("sendfile", False)

    def _pause(self) -> None:
        """Wait before exiting: gunicorn replaces a missing worker at once, and a core would do nothing else."""
        until = monotonic() + RETRY_SECONDS
        while self.rolling_restart.has_gap() and self.alive and not self.leaving and monotonic() < until:
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
        self.rolling_restart.begin()
        while self.alive:
            self.notify()
            self._sleep(0.1 if self.leaving else 1.0)
            if self.leaving and self.rolling_restart.may_go():
                self.alive = False
        for acceptor in acceptors:
            acceptor.kill()
        for listener in listeners:
            listener.close()
        if self.handoff:
            self.handoff.stop()
        sio.stop()
        self._finish(sio)

    def _prepare_http(self, sio: Any) -> None:
        """Set up HTTP, once Django is set up."""
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
        """Join the other workers of this machine; without the bus each would be a site of its own."""

        if self.cfg.workers == 1:
            return
        if not peers.site.there or socket_handoff.FOLDER not in os.environ:
            self.log.error(
                "Several workers need REDIS_URL, PostgreSQL and the settings of chatsite/gunicorn.py."
            )
            sys.exit(Arbiter.APP_LOAD_ERROR)
        self.handoff = socket_handoff.SocketHandoff(os.environ[socket_handoff.FOLDER], self._serve_given)
        self.handoff.start()
        sio.eio.worker = self.handoff.name

    def _serve_given(self, plain: Any, address: Any, data: bytes) -> None:
        """Serve a request that another worker has read."""
        client = ClientSocket(plain)
        client.given = data
        self.handle(self.sockets[0], client, address)

    def notify(self) -> None:
        super().notify()
        if self.ppid != os.getppid():
            self.log.info("Parent changed, shutting down: %s", self)
            self.alive = False

    def _sleep(self, seconds: float) -> None:
        """Sleep until a signal comes: gunicorn has Python write each one into this pipe."""
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
                # Out of descriptors, most likely; waiting connections are accepted when others go.
                self.log.warning("accept failed: %s", error)
                eventlet.sleep(0.1)
                continue
            while not self.connections.make_room(pool.free()) and self.alive:
                eventlet.sleep(0.05)
            pool.spawn_n(self.handle, listener, client, address)
            accepted += 1
            if accepted % ACCEPTS_PER_TURN == 0:
                # Accepting doesn't wait while there are more connections: nobody else would be served.
                eventlet.sleep(0)

    def handle(self, listener: Any, client: ClientSocket, address: Any) -> None:
        """Serve a connection from its first byte on, also one that another worker has begun to read."""
        loop_meter.start(self.give_way)
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

    def _finish(self, sio: Any) -> None:
        deadline = monotonic() + min(GRACE_SECONDS, self.cfg.graceful_timeout)
        # At least one turn, so that websockets' close frames leave.
        eventlet.sleep(0.1)
        while (self.answering or not sio.stopped or self._expects()) and monotonic() < deadline:
            eventlet.sleep(0.05)

    def _expects(self) -> bool:
        """Return whether an accepted connection has sent nothing yet, and could be handed off to another worker."""
        return bool(self.handoff and self.handoff.others()) and self.connections.has_unasked()

    def handle_request(self, listener_name: Any, request: Any, client: Any, address: Any) -> Any:
        if self._hand_off(request, client, address):
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
            self.connections.set_body_bytes(connection, 0)

    @staticmethod
    def _answered(application: Any) -> Any:
        """Wrap the application: its answers must be taken at a least rate."""

        def taken(environ: dict[str, Any], start_response: Any) -> Any:
            answer = application(environ, start_response)
            getcurrent().connection.begins_taking()
            return answer

        return taken

    def _hand_off(self, request: Any, client: Any, address: Any) -> bool:
        owner = self.handoff and self.handoff.owner(request.path, request.query)
        if not self.handoff or not owner:
            return False
        return self.handoff.give(owner, client, address, socket_handoff.as_read(request))

    def handle_error(self, request: Any, client: Any, address: Any, error: Any) -> None:
        """Log a request that can't be read, as gunicorn does, and answer it as docs/protocol.md has it."""
        from chatsite.realtime.http import refused_request

        found = refused_request.StatusOnly()
        super().handle_error(request, found, address, error)
        try:
            refused_request.write(client, found.error, request)
        except OSError:
            self.log.debug("Failed to send error message.")

    def is_already_handled(self, response: Any) -> bool:
        if response is ALREADY_HANDLED:
            # The socket is a websocket's now: gunicorn must not read a next request from it.
            raise StopIteration
        return False

    def handle_exit(self, signal: int, frame: Any) -> None:
        """SIGTERM: leave once may_go() allows. During a rolling restart gunicorn sends it each second."""
        self.leaving = True

    def handle_quit(self, signal: int, frame: Any) -> None:
        """SIGINT and SIGQUIT: stop as on SIGTERM; gunicorn's own handler sleeps, which the hub can't."""
        self.alive = False

    def handle_abort(self, signal: int, frame: Any) -> None:
        self.alive = False
        sys.exit(1)
