"""Which event goes to which handler: for sockets what `urls.py` is for HTTP."""

import accounts.sockets
import messaging.sockets
import rooms.sockets
from chatsite.realtime.routing import Router

router = Router(
    events=[*rooms.sockets.events, *messaging.sockets.events],
    authenticate=accounts.sockets.authenticate,
    authorise=accounts.sockets.authorise,
    connected=accounts.sockets.connected,
    disconnected=accounts.sockets.disconnected,
    jobs=[*accounts.sockets.jobs, *rooms.sockets.jobs],
)
