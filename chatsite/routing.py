"""Which event goes to which handler: for sockets what `urls.py` is for HTTP."""

import accounts.sockets
import messaging.sockets
import rooms.sockets
from chatsite.realtime.connection import Connection
from chatsite.realtime.routing import Router


def disconnected(connection: Connection) -> None:
    accounts.sockets.disconnected(connection)
    rooms.sockets.disconnected(connection)


router = Router(
    events=[*rooms.sockets.events, *messaging.sockets.events],
    authenticate=accounts.sockets.authenticate,
    authorise=accounts.sockets.authorise,
    admit=accounts.sockets.admit,
    connected=accounts.sockets.connected,
    disconnected=disconnected,
    jobs=[*accounts.sockets.jobs, *rooms.sockets.jobs],
)
