"""The Socket.IO server: python-socketio's, over our own transport. Imports no app."""

import logging
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import socketio

from chatsite.observability.metrics import counters
from chatsite.observability.metrics.hub_lag import lag
from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.engineio import crowd
from chatsite.realtime.engineio.audiences import Audiences
from chatsite.realtime.engineio.transport import EngineServer
from chatsite.realtime.queues import read_queue
from chatsite.realtime.queues.handler_pool import HandlerPool, hold_sqlite_open, repeat
from chatsite.realtime.scheduling.background import Timer
from chatsite.realtime.scheduling.flush_scheduler import flush_scheduler
from chatsite.realtime.scheduling.hub import log_failures
from chatsite.realtime.socketio.routing import Router
from chatsite.realtime.socketio.session import Session

logger = logging.getLogger("chatsite.realtime")

# Keys of a request's environ that are kept until its client has connected; the rest is freed with the
# request.
KEPT_ENVIRON_KEYS = (
    "HTTP_AUTHORIZATION",
    "HTTP_COOKIE",
    "HTTP_HOST",
    "HTTP_ORIGIN",
    "HTTP_USER_AGENT",
    "HTTP_X_FORWARDED_FOR",
    "REMOTE_ADDR",
)
PATH = "/socket.io"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Companion(Protocol):
    """Something that starts and stops with the server."""

    def start(self) -> None:
        """Start. Must not wait."""

    def stop(self) -> Timer | None:
        """Stop. Must not wait: a timer that is returned does what takes longer."""


class ChatServer(socketio.Server):
    """The Socket.IO server. Events leave by `delivery`, not by `emit`: the library's manager has no members."""

    eio: EngineServer
    router: Router

    def __init__(self) -> None:
        super().__init__(logger=logger, async_handlers=False)
        self.handler_pool = HandlerPool(read_queue.give_way)
        self._sessions: dict[str, Session] = {}
        self._jobs: list[Any] = []
        # What companions still do after they were stopped.
        self._farewells: list[Timer] = []
        # Started and stopped with the server.
        self.companions: list[Companion] = []

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    def route(self, router: Router) -> None:
        self.router = router
        counters.event_names.update(router.events)

    def start(self) -> None:
        """Start serving. Called by the worker when it is ready."""
        hold_sqlite_open()
        subscriptions.pushing = Audiences()
        flush_scheduler.flush_all = crowd.flush_all
        self.eio.start()
        lag.start()
        log_failures()
        for companion in self.companions:
            companion.start()
        self._jobs = [repeat(job.seconds, job.function) for job in self.router.jobs]

    def stop(self) -> None:
        for job in self._jobs:
            job.kill()
        self.eio.stop()
        self._farewells = [timer for companion in self.companions if (timer := companion.stop())]

    @property
    def stopped(self) -> bool:
        """Whether all that was begun before `stop`, and by it, has ended."""
        return self.handler_pool.idle and all(farewell.ended for farewell in self._farewells)

    def connect_received(self, session: Session) -> None:
        """A session has sent its CONNECT: its place among half-open ones is free."""
        self.eio.handshake_queue.leave(session.socket.address, asked=True)

    def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        socket = self.eio.sockets[eio_sid]
        session = Session(self, socket, {key: environ[key] for key in KEPT_ENVIRON_KEYS if key in environ})
        socket.session = self._sessions[eio_sid] = session

    def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        session = self._sessions.pop(eio_sid)
        if not session.connect_received:
            self.eio.handshake_queue.leave(session.socket.address, asked=False)
        session.ended()


sio = ChatServer()


def wsgi(django: Application) -> Application:
    """Return the WSGI application of both: Socket.IO's path goes to `sio`, all others to Django."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == PATH or path.startswith(f"{PATH}/"):
            return sio.eio.handle_request(environ, start_response)
        return django(environ, start_response)

    return application
