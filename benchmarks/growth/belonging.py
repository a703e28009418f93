"""What somebody costs who is in 10 to 10,000 rooms: their pages, their joins, their silence, and others beside them."""

import json
import time
from collections.abc import Callable
from functools import partial
from uuid import uuid4

from benchmarks.growth.client import Numbers, Pages, Socket, measure, sessions
from benchmarks.growth.site import BELONGING, CROWD, FIRST_BELONGING, SIZES, Plan, Site
from benchmarks.loader import Usage, faults, load
from benchmarks.servers import Server, running

MINE = {"rooms": "mine"}
# A person's connections may join so many rooms; as many are opened to measure the memory of one, but no more than this.
ALL_JOINED, MOST_SOCKETS = 10_000, 100
# Seconds until it is told that somebody came or went.
PRESENCE_SECONDS = 5.0
# Messages a second whose acks are measured beside such a person.
BESIDE_RATE = 50

PAGES = {
    "`GET /room?mine=true`, a page": ("/room?mine=true", False),
    "`GET /room?nearest=true`": ("/room?nearest=true", False),
    "`GET /message`, the newest of all rooms": ("/message", False),
    "search in all rooms": ("/message?q=zeppelin", False),
    "home": ("/", True),
    "list of rooms": ("/chat/", True),
    "room page": ("/chat/in-{size}-0", True),
    "catch-up page": ("/catch-up", True),
}
JOIN, ALL_PAGES = "`join` of all rooms", "`GET /room?mine=true`, all pages"
MESSAGE, ELSEWHERE = "a message into one of the rooms, joined", "the same, where they have joined none"


def measure_site(site: Site, plan: Plan) -> dict[str, dict[str, Numbers]]:
    """Return figures by number of rooms and by what was done."""
    numbers = [FIRST_BELONGING + place for place in range(len(BELONGING))]
    cookies = dict(zip(BELONGING, sessions(site, *numbers), strict=True))
    return {f"{size:,}": person(site, plan, size, cookies[size]) for size in BELONGING}


def person(site: Site, plan: Plan, size: int, session: str) -> dict[str, Numbers]:
    """Measure one person on a freshly started server."""
    with running(site.workspace, site.name) as server:
        token = site.belonging(size)
        pages = Pages(server, token, session)
        act = partial(measure, server, plan.request_seconds)
        found = {"coming and going": presence(server, token)}
        # From now on the person stays: nobody else is told of further connections.
        here = Socket(server, token)
        for title, (path, page) in PAGES.items():
            address = path.format(size=size)
            found[title] = {
                **act(partial(pages.get, address, page=page)),
                "bytes": len(pages.get(address, page=page)),
            }
        found[ALL_PAGES] = {**act(partial(all_rooms, pages)), "requests": all_rooms(pages)}
        found["connect, and close"] = {
            **act(partial(connect, server, token)),
            "bytes": here.received["hello"],
        }
        found[JOIN] = {**act(partial(join, server, token)), "bytes": join(server, token)}
        member = site.tokens()[CROWD.first]
        found[ELSEWHERE] = act(messages(server, member, size))
        here.ask("join", MINE)
        found[MESSAGE] = act(messages(server, member, size))
        found["a minute of silence"] = silence(server, plan, here)
        here.close()
        found["memory of a joined connection"] = {"bytes": memory(server, token, size)}
        found |= beside(server, plan, token, pages, size)
        return found


def presence(server: Server, token: str) -> Numbers:
    """Measure a visit of some seconds: others in the rooms are told of it."""
    before = Usage.of(server)
    socket = Socket(server, token)
    time.sleep(PRESENCE_SECONDS / 5)
    socket.close()
    time.sleep(PRESENCE_SECONDS)
    after = Usage.of(server)
    return {
        "cpu_us": (after.server - before.server) * 1e6,
        "database_us": (after.database - before.database) * 1e6,
    }


def all_rooms(pages: Pages) -> int:
    """Follow the list to its end; return the number of requests."""
    requests, path = 0, "/room?mine=true&limit=200"
    while path:
        following = json.loads(pages.get(path))["next"]
        path = following.partition("://")[2].partition("/")[2] if following else ""
        path = path and f"/{path}"
        requests += 1
    return requests


def connect(server: Server, token: str) -> None:
    Socket(server, token).close()


def join(server: Server, token: str) -> int:
    """Join all rooms by a new connection; return the bytes of the ack."""
    socket = Socket(server, token)
    socket.ask("join", MINE)
    socket.close()
    return socket.received["43"]


def messages(server: Server, token: str, size: int) -> Callable[[], object]:
    """Return what sends a message into the first of the person's rooms, by somebody else in it."""
    socket, room = Socket(server, token), f"in-{size}-0"
    socket.ask("join", {"room": room})
    return lambda: socket.ask(
        "chat-message", {"room": room, "body": "A few words.", "client_id": str(uuid4())}
    )


def silence(server: Server, plan: Plan, socket: Socket) -> Numbers:
    """Measure a minute in which nobody says anything; from a part of it."""
    before, received = Usage.of(server), sum(socket.received.values())
    time.sleep(plan.idle_seconds)
    after, minute = Usage.of(server), 60 / plan.idle_seconds
    return {
        "cpu_us": (after.server - before.server) * 1e6 * minute,
        "database_us": (after.database - before.database) * 1e6 * minute,
        "bytes": (sum(socket.received.values()) - received) * minute,
    }


def memory(server: Server, token: str, size: int) -> float:
    """Return by how many bytes the server grows for a connection that joins all rooms, but the first."""
    sockets = [Socket(server, token)]
    sockets[0].ask("join", MINE)
    before, more = Usage.of(server).memory, min(ALL_JOINED // size, MOST_SOCKETS) - 1
    for _ in range(more):
        sockets.append(Socket(server, token))
        sockets[-1].ask("join", MINE)
    grown = (Usage.of(server).memory - before) / max(more, 1)
    for socket in sockets:
        socket.close()
    return grown


def beside(server: Server, plan: Plan, token: str, pages: Pages, size: int) -> dict[str, Numbers]:
    """Measure the acks of others while nobody, and while this person does each without pause."""
    acts: dict[str, Callable[[], object] | None] = {
        "others' acks, nobody beside": None,
        "others' acks beside joins of all rooms": partial(join, server, token),
        "others' acks beside lists of all rooms": partial(all_rooms, pages),
        "others' acks beside room pages": partial(pages.get, f"/chat/in-{size}-0", page=True),
    }
    return {title: acks(server, plan, act) for title, act in acts.items()}


def acks(server: Server, plan: Plan, act: Callable[[], object] | None) -> Numbers:
    def repeat() -> None:
        if act:
            measure(server, plan.seconds, act)

    options = {**SIZES[0].options, "seconds": plan.seconds, "warmup": plan.warmup}
    [talk] = load(server, options, f"r{BESIDE_RATE}", at_begin=repeat).talks
    found = talk.result["ack_ms"]
    return {
        "p50_ms": found["p50"],
        "p99_ms": found["p99"],
        "longest_ms": found["max"],
        "faults": faults(talk),
    }
