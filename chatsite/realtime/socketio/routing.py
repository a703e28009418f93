"""Names of events to their handlers, the way `urls.py` names views."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from chatsite.contract.errors import ChatError
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity

Handler = Callable[[Connection, dict[str, Any]], dict[str, Any] | None]
# What the ack adds, or the exception that becomes its error.
Answer = Callable[[dict[str, Any] | Exception], None]
DeferringHandler = Callable[[Connection, dict[str, Any], Answer], None]


class Checker(Protocol):
    """Reads an event's data, as DRF's serializers do. One instance serves all events of its name."""

    def checked(self, data: Any) -> dict[str, Any]:
        """The data with its defaults. Raises what `translate` makes `invalid` of."""


class ConnectionRequest(Protocol):
    """A client that asks to be let in. `environ` has its request's cookies, origin and address only."""

    environ: dict[str, Any]
    auth: Any
    address: str

    @property
    def connection(self) -> Connection | None:
        """Once it is attached."""

    def attach(self, identity: Identity) -> Connection:
        """Makes its connection, which from now on gets what is sent to its user and can be ended."""


# What keeps a client out, or None.
AdmitCallback = Callable[[Exception | None], None]

# A client could forge these (`42["connect",…]`), and the library would run its own handlers for them.
RESERVED = frozenset({"connect", "disconnect"})


@dataclass(frozen=True, slots=True)
class Event:
    """`handler(connection, data)` returns what the ack adds to `{"ok": true}`.

    A `deferred` one is `handler(connection, data, answer)` and calls `answer` once, later. It authorises for itself. The
    connection's next event waits for its answer; where they go `together`, those of the same name are begun meanwhile, and
    their answers must come in order.
    """

    name: str
    handler: Any
    serializer: type[Checker] | None = None
    deferred: bool = False
    together: bool = False


@dataclass(frozen=True, slots=True)
class Job:
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
    """Run `function` in the background, `seconds` after it last ended."""
    return Job(seconds, function)


def own_error(error: Exception) -> ChatError | None:
    return error if isinstance(error, ChatError) else None


class Router:
    """All that a site's own code adds to the server.

    `authenticate(environ, auth)` gives the Identity or raises Unauthorized; `environ` has the request's cookies, origin and
    address only. `authorise(connection)` gives the user's fresh row before every event or raises Unauthorized,
    which ends the connection. `admit(applicant, let)` does both for a new client and calls `let` once, later: a site that
    looks many up at once brings its own. `hello(connection)` gives the data of the event that follows CONNECT.
    `translate(error)` makes the contract's error of a handler's, or None of one that nobody foresaw.
    `connected` and `disconnected` come once each for a connection that got in.
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

    def _admit(self, applicant: ConnectionRequest, let: AdmitCallback) -> None:
        """Attached before it is authorised: a ban that comes in between finds it."""
        try:
            self.authorise(applicant.attach(self.authenticate(applicant.environ, applicant.auth)))
        except Exception as error:
            let(error)
        else:
            let(None)


def _nothing(connection: Connection) -> None:
    """A router that needn't know when connections come or go."""
