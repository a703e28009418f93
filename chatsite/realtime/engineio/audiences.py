"""The audience of each room: its connections in this process, those with a websocket in crowds."""

from collections.abc import Collection

from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.engineio.crowd import Crowd
from chatsite.realtime.engineio.engine_session import EngineSocket
from chatsite.realtime.scheduling.flush_scheduler import SOCKETS_PER_TURN

# Connections from which on a room has an audience: a pair is pushed to as quickly one by one.
AUDIENCE_FROM = 3
# Audiences kept, of some 1 KiB and 200 bytes for each socket: beyond that the oldest is made anew when its room speaks.
MAX_AUDIENCES = 10_000


class Audience:
    """The connections that have joined one room here.

    `apart` are those in no crowd of it: who polls, who isn't admitted yet, and whose socket another room's crowd has, as a
    socket is in one at a time.
    """

    __slots__ = ("apart", "crowds")

    def __init__(self, connections: Collection[Connection]) -> None:
        self.apart: dict[Connection, None] = dict.fromkeys(connections)
        self.crowds: list[Crowd] = []

    def push(self, frame: bytes, skip: Collection[Connection], droppable: bool) -> None:
        """Queue the frame for all but those of `skip`."""
        for connection in [*self.apart]:
            if not self._takes(connection) and connection not in skip:
                connection.channel.push(frame, droppable)
        left_out = {connection.channel for connection in skip}
        for crowd in self.crowds:
            crowd.push(frame, droppable, left_out)

    def _takes(self, connection: Connection) -> bool:
        """Return whether the connection, which was apart, is in a crowd now."""
        socket = connection.channel
        if type(socket) is not EngineSocket or socket.closed:
            return False
        websocket = socket.websocket
        if websocket is None or websocket.crowd is not None:
            return False
        del self.apart[connection]
        self._crowd_with_room().add(socket, websocket)
        return True

    def _crowd_with_room(self) -> Crowd:
        """Return a crowd that isn't full. Whoever comes fills what others left, so that there are never more crowds than for
        the most who were here at a time."""
        for crowd in self.crowds:
            if len(crowd.members) < SOCKETS_PER_TURN:
                return crowd
        self.crowds.append(Crowd())
        return self.crowds[-1]

    def drop(self, connection: Connection) -> None:
        """Let a connection go that has left the room."""
        self.apart.pop(connection, None)
        websocket = getattr(connection.channel, "websocket", None)
        if websocket is not None and websocket.crowd in self.crowds:
            websocket.leave_crowd()

    def dissolve(self) -> None:
        """Let all go."""
        for crowd in self.crowds:
            for websocket in [*crowd.members.values()]:
                websocket.leave_crowd()


class Audiences(subscriptions.Pushing):
    """Pushes a room's frames to its audience. An audience is made when a room first speaks."""

    def __init__(self) -> None:
        self._by_room: dict[str, Audience] = {}

    def to_room(
        self, slug: str, frame: bytes, skip: Collection[Connection] = (), droppable: bool = False
    ) -> None:
        audience = self._by_room.get(slug)
        if audience is None:
            if subscriptions.count(slug) < AUDIENCE_FROM:
                super().to_room(slug, frame, skip, droppable)
                return
            audience = self._make(slug)
        audience.push(frame, skip, droppable)

    def _make(self, slug: str) -> Audience:
        if len(self._by_room) >= MAX_AUDIENCES:
            oldest = next(iter(self._by_room))
            self._by_room.pop(oldest).dissolve()
        audience = self._by_room[slug] = Audience(subscriptions.subscribers(slug))
        return audience

    def joined(self, slug: str, connection: Connection) -> None:
        if audience := self._by_room.get(slug):
            audience.apart[connection] = None

    def left(self, slug: str, connection: Connection) -> None:
        audience = self._by_room.get(slug)
        if audience is None:
            return
        audience.drop(connection)
        if not subscriptions.is_joined(slug):
            del self._by_room[slug]
