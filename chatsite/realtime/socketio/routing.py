"""Route names of events to their handlers, as `urls.py` routes paths to views."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from chatsite.contract.errors import ChatError
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity

Handler = Callable[[Connection, dict[str, Any]], dict[str, Any] | None]
# Takes what the ack adds, or the exception that becomes its error.
Answer = Callable[[dict[str, Any] | Exception], None]
DeferringHandler = Callable[[Connection, dict[str, Any], Answer], None]


class Checker(Protocol):
    """Validates an event's data, as DRF's serializers do. One instance serves all events of its name."""

    def checked(self, data: Any) -> dict[str, Any]:
        """Return the data with its defaults. Raises what `translate` turns into `invalid`."""


class ConnectionRequest(Protocol):
    """A client that asks to be admitted. `environ` has its request's cookies, origin and address only."""

    environ: dict[str, Any]
    auth: Any
    address: str

    @property
    def connection(self) -> Connection | None:
        """The connection once it is attached, before that None."""

    def attach(self, identity: Identity) -> Connection:
        """Make the connection, which from now on gets what is sent to its user and can be ended."""


# Takes the error that keeps a client out, or None to admit it.
AdmitCallback = Callable[[Exception | None], None]

# A client could forge these (`42["connect",…]`), and the library would run its own handlers for them.
RESERVED = frozenset({"connect", "disconnect"})


@dataclass(frozen=True, slots=True)
class Event:
    """One event's route. `handler(connection, data)` returns what the ack adds to `{"ok": true}`.

    A `deferred` handler is called with `(connection, data, answer)`, authorises for itself, and calls
    `answer` once, later. The connection's next event waits for the answer; where events go `together`, those
    of the same name are started meanwhile, and their answers must come in order.
    """

    name: str
    handler: Any
    serializer: type[Checker] | None = None
    deferred: bool = False
    together: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A function to run in the background, `seconds` after it last ended."""

    seconds: float
    function: Callable[[], Any]


def event(name: str, handler: Handler, serializer: type[Checker] | None = None) -> Event:
    return Event(name, handler, serializer)


def deferred(
    name: str,
    handler: DeferringHandler,
    serializer: type[Checker] | None = None,
    *,
    together: bool = False,
) -> Event:
    return Event(name, handler, serializer, deferred=True, together=together)


def every(seconds: float, function: Callable[[], Any]) -> Job:
    """Return a Job: run `function` in the background, `seconds` after it last ended."""
    return Job(seconds, function)


def own_error(error: Exception) -> ChatError | None:
    """Return the error if it is one of the contract's, otherwise None."""
    return error if isinstance(error, ChatError) else None


class Router:
    """A site's own code for the server.

    `authenticate(environ, auth)` returns the Identity or raises Unauthorized; `environ` has the request's
    cookies, origin and address only. `authorise(connection)` returns the user's fresh row before every event,
    or raises Unauthorized, which ends the connection. `admit(request, done)` does both for a new client and
    calls `done` once, later: for a site that looks up many at once. `hello(connection)` returns the data of
    the event that follows CONNECT. `translate(error)` returns the contract's error for a handler's exception,
    None for an unforeseen one. `connected` and `disconnected` are called once each for a connection that was
    admitted.
    """

    def __init__(
        self,
        *,
        events: Iterable[Event],
        authenticate: Callable[[dict[str, Any], Any], Identity],
        authorise: Callable[[Connection], Any],
        admit: Callable[[ConnectionRequest, AdmitCallback], None] | None = None,
        hello: Callable[[Connection], dict[str, Any]] | None = None,
        translate: Callable[[Exception], ChatError | None] = own_error,
        connected: Callable[[Connection], Any] | None = None,
        disconnected: Callable[[Connection], Any] | None = None,
        jobs: Iterable[Job] = (),
    ) -> None:
        self.events: dict[str, Event] = {}
        for one in events:
            if one.name in self.events or one.name in RESERVED:
                raise ValueError(f"the event {one.name!r} is routed twice, or reserved")
            self.events[one.name] = one
        self.authenticate = authenticate
        self.authorise = authorise
        self.admit = admit or self._admit
        self.admits_later = admit is not None
        self.hello = hello
        self.translate = translate
        self.connected = connected or _nothing
        self.disconnected = disconnected or _nothing
        self.jobs = tuple(jobs)

    def _admit(self, request: ConnectionRequest, done: AdmitCallback) -> None:
        """Attach before authorising: a ban that comes in between finds the connection."""
        try:
            self.authorise(request.attach(self.authenticate(request.environ, request.auth)))
        except Exception as error:
            done(error)
        else:
            done(None)


def _nothing(connection: Connection) -> None:
    """Do nothing: the router needn't know when connections come or go."""
