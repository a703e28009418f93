"""Which event goes to which handler: for sockets what `urls.py` is for HTTP."""

import accounts.rechecks
import accounts.sockets
import messaging.sockets
import rooms.rechecks
import rooms.sockets
from chatsite import hello, processes
from chatsite.realtime import limits
from chatsite.realtime.connection import Connection
from chatsite.realtime.routing import Router, every


def disconnected(connection: Connection) -> None:
    accounts.sockets.disconnected(connection)
    rooms.sockets.disconnected(connection)


def recheck() -> None:
    """Who may stay no longer: in the site, and in the rooms they have joined."""
    with processes.looking():
        accounts.rechecks.recheck()
        rooms.rechecks.recheck()


router = Router(
    events=[*rooms.sockets.events, *messaging.sockets.events],
    authenticate=accounts.sockets.authenticate,
    authorise=accounts.sockets.authorise,
    admit=accounts.sockets.admit,
    hello=hello.hello,
    connected=accounts.sockets.connected,
    disconnected=disconnected,
    jobs=[
        *accounts.sockets.jobs,
        *rooms.sockets.jobs,
        every(accounts.rechecks.SECONDS, recheck),
        every(limits.TELL_SECONDS, limits.elsewhere.tell),
    ],
)
