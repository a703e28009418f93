"""Map socket events to handlers, as `urls.py` maps URLs to views, and hook the apps into the server."""

import accounts.authentication.session_recheck
import accounts.sockets
import drafts.sockets
import messaging.sockets
import previews.sockets
import push.sockets
import rooms.membership.membership_recheck
import rooms.sockets
from chatsite import hello
from chatsite.realtime.cluster import processes
from chatsite.realtime.delivery import revocation
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.limits import limits
from chatsite.realtime.socketio.routing import Router, every
from chatsite.web.rest.api import translate
from emoji import names
from files.moving import MOVE_SECONDS, mover
from files.sweeping import SWEEP_SECONDS, sweeper
from notifications.mailing import sending as mailing


def disconnected(connection: Connection) -> None:
    accounts.sockets.disconnected(connection)
    rooms.sockets.disconnected(connection)
    push.sockets.disconnected(connection)


def recheck() -> None:
    """End connections of people who lost access to the site, and joins of rooms to which they lost access."""
    with processes.rechecking():
        accounts.authentication.session_recheck.recheck()
        rooms.membership.membership_recheck.recheck()


router = Router(
    events=[
        *accounts.sockets.events,
        *rooms.sockets.events,
        *messaging.sockets.events,
        *previews.sockets.events,
        *push.sockets.events,
    ],
    authenticate=accounts.sockets.authenticate,
    authorise=accounts.sockets.authorise,
    admit=accounts.sockets.admit,
    hello=hello.hello,
    translate=translate,
    connected=accounts.sockets.connected,
    disconnected=disconnected,
    jobs=[
        *accounts.sockets.jobs,
        *rooms.sockets.jobs,
        every(names.REFRESH_SECONDS, names.refresh),
        *previews.sockets.jobs,
        *push.sockets.jobs,
        *drafts.sockets.jobs,
        every(SWEEP_SECONDS, sweeper.sweep),
        every(MOVE_SECONDS, mover.move),
        every(mailing.TURN_SECONDS, mailing.turn),
        *messaging.sockets.jobs,
        every(revocation.RECHECK_SECONDS, recheck),
        every(limits.REPORT_SECONDS, limits.remote_connections.report),
    ],
)
