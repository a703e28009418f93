"""Who is away by themselves: on none of whose pages there was input for ten minutes.

A page reports that it became idle or active, by the event `activity`; a connection that reports nothing is active. Each
process knows its own connections and is told by the others which people are idle on all connections there. In memory
only: a word that is lost is told again every RETELL_SECONDS.
"""

from collections.abc import Callable, Collection, Iterable
from time import monotonic
from typing import Any

from accounts.presence import presence
from chatsite.contract.errors import RateLimited
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import delivery, peers
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.multimap import Multimap
from chatsite.realtime.scheduling.debouncer import Debouncer

# Seconds between two reports of one connection that it is idle.
REPORT_SECONDS = 60.0
RETELL_SECONDS = 60.0
# Seconds of collecting changes before they are broadcast. A page that reconnects is idle again within them.
GATHER_SECONDS = 0.5
IDS_PER_WORD = 1000
WORD = "idle"


class State:
    """What this process knows of idle connections and people."""

    def __init__(self) -> None:
        # Idle connections here, and when each last reported it.
        self.sids: Multimap[int, str] = Multimap()
        self.reported: dict[str, float] = {}
        # People who are idle on all connections to another process, by its name.
        self.elsewhere: dict[str, set[int]] = {}
        # People who were last told to be idle here, and those who were broadcast to be away.
        self.told: set[int] = set()
        self.shown_away: set[int] = set()


state = State()


def report(connection: Connection, active: bool) -> None:
    """Note that a connection's page has input again, or has had none for long. Raises RateLimited."""
    user_id, sid = connection.identity.user_id, connection.sid
    if active:
        state.sids.discard(user_id, sid)
    elif sid not in state.sids.members(user_id):
        wait = state.reported.get(sid, -REPORT_SECONDS) + REPORT_SECONDS - monotonic()
        if wait > 0:
            raise RateLimited(retry_after=wait)
        state.reported[sid] = monotonic()
        state.sids.add(user_id, sid)
    look_again(user_id)


def forget(connection: Connection) -> None:
    """Forget a connection that is gone: the others decide."""
    state.reported.pop(connection.sid, None)
    state.sids.discard(connection.identity.user_id, connection.sid)
    look_again(connection.identity.user_id)


def is_idle_here(user_id: int) -> bool:
    """Return whether the person has connections to this process, all of them idle."""
    return user_id in state.sids and set(presence.here.sids(user_id)) <= set(state.sids.members(user_id))


def is_away(user_id: int) -> bool:
    """Return whether the person is online, and idle on all connections to all processes."""
    local = presence.here.sids(user_id)
    if local and not is_idle_here(user_id):
        return False
    workers = presence.here.workers(user_id)
    return bool(local or workers) and all(user_id in state.elsewhere.get(worker, ()) for worker in workers)


def look_again(user_id: int) -> None:
    """Tell the other processes if the person became idle or active here, and broadcast it if they became away or back."""
    idle = is_idle_here(user_id)
    if idle != (user_id in state.told):
        (state.told.add if idle else state.told.discard)(user_id)
        tell([user_id] if idle else [], [] if idle else [user_id])
    if is_away(user_id) != (user_id in state.shown_away):
        changes.note({user_id: None})


def tell(idle: Collection[int], active: Collection[int]) -> None:
    """Tell the other processes who is idle here and who isn't."""
    delivery.notify_processes(WORD, presence.here.worker, list(idle), list(active))


def hear(worker: str, idle: list[Any], active: list[Any]) -> None:
    """Note what another process tells."""
    people = state.elsewhere.setdefault(worker, set())
    came = {user_id for user_id in idle if type(user_id) is int}
    went = {user_id for user_id in active if type(user_id) is int}
    changed = (came - people) | (went & people)
    people |= came
    people -= went
    for user_id in changed:
        look_again(user_id)


peers.register(WORD, hear, str, list, list)


def retell() -> None:
    """Tell the other processes once more, and forget those that ended."""
    if not peers.site.there:
        return
    for worker in state.elsewhere.keys() - presence.here.other_workers():
        del state.elsewhere[worker]
    tell_in_parts(sorted(presence.here.local_ids()))


def tell_in_parts(user_ids: list[int]) -> None:
    for some in chunked(user_ids, IDS_PER_WORD):
        idle = [user_id for user_id in some if user_id in state.told]
        tell(idle, [user_id for user_id in some if user_id not in state.told])


def nobody_told(user_ids: Iterable[int]) -> None:
    """The broadcast until `away_broadcast` sets its own."""


# Tells clients that these people became away, or came back. Set by AccountsConfig.
broadcast: Callable[[Collection[int]], None] = nobody_told


def flush(user_ids: Collection[int]) -> None:
    """Broadcast those of the people who are another than was broadcast."""
    different = [one for one in user_ids if is_away(one) != (one in state.shown_away)]
    for user_id in different:
        (state.shown_away.add if is_away(user_id) else state.shown_away.discard)(user_id)
    if different:
        broadcast(different)


# Ids of people who became away, or came back.
changes = Debouncer[int, None]("away", flush, gather=GATHER_SECONDS)
