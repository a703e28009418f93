"""Which event goes to which handler: for sockets what `urls.py` is for HTTP."""

import accounts.authentication.session_recheck
import accounts.sockets
import messaging.sockets
import rooms.membership.membership_recheck
import rooms.sockets
from chatsite import hello
from chatsite.realtime.cluster import processes
from chatsite.realtime.limits import limits
from chatsite.realtime.socketio.connection import Connection
from chatsite.realtime.socketio.routing import Router, every


def disconnected(connection: Connection) -> None:
    accounts.sockets.disconnected(connection)
    rooms.sockets.disconnected(connection)


def recheck() -> None:
    """Who may stay no longer: in the site, and in the rooms they have joined."""
    with processes.looking():
        accounts.authentication.session_recheck.recheck()
        rooms.membership.membership_recheck.recheck()


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
        every(accounts.authentication.session_recheck.SECONDS, recheck),
        every(limits.TELL_SECONDS, limits.elsewhere.tell),
    ],
)
