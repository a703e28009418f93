"""What sending, reading and searching cost beside a history of some length."""

from collections.abc import Callable
from functools import partial

from benchmarks.growth.client import Numbers, Pages, Socket, measure, sessions
from benchmarks.growth.site import LONG, READER, Plan, Site
from benchmarks.growth.words import NOWHERE, PARTS_ONLY, RARE, SELDOM
from benchmarks.loader import faults, load
from benchmarks.servers import Server, running

ROOM = f"{LONG.prefix}0"
# The room's page at its end, and as it opens for somebody who has read nothing of it.
PAGES = {
    "room page, the newest messages": f"/chat/{ROOM}?latest=1",
    "room page, all of it unread": f"/chat/{ROOM}",
    "home": "/",
    "catch-up page": "/catch-up",
}


def rest(length: int) -> dict[str, str]:
    """Return the addresses that are measured. The long room has half of the messages."""
    head = length // 2
    return {
        "`sync`, a page from the middle": f"/room/{ROOM}/event?after={head // 2}",
        "history, the newest page": f"/message?room={ROOM}",
        "history, a page from the middle": f"/message?room={ROOM}&before={head // 2}",
        "the newest messages of 21 rooms": "/message",
        "search: a word of every second message": "/message?q=the",
        "search: of every thousandth": f"/message?q={SELDOM}",
        "search: of thirty messages": f"/message?q={RARE}",
        "search: of thirty, in a small room": f"/message?q={RARE}&room=old-5",
        "search: of none": f"/message?q={NOWHERE}",
        "search: of none, of common letters": f"/message?q={PARTS_ONLY}",
        "search: two letters, of none": "/message?q=qz",
        "`GET /room?nearest=true`, the long room unread": "/room?nearest=true",
    }


def measure_site(site: Site, plan: Plan) -> dict[str, Numbers]:
    """Measure each on a server of its own, reads before sends."""
    [session] = sessions(site, READER)
    with running(site.workspace, site.name) as server:
        reader = Pages(server, site.reader(), session)
        found = {title: one(server, plan, reader, path) for title, path in rest(site.length).items()}
        writer = Pages(server, site.tokens()[LONG.first], "")
        # A bot, for example: its own messages are taken off what it hasn't read.
        found["the same for who wrote a tenth of it"] = one(server, plan, writer, "/room?nearest=true")
        for title, path in PAGES.items():
            found[title] = one(server, plan, reader, path, page=True)
        socket = Socket(server, site.reader())
        found["`join` of the long room"] = measure(server, plan.request_seconds, partial(join, socket))
        found["`read` in the long room"] = measure(
            server, plan.request_seconds, reads(socket, site.length // 2)
        )
        socket.close()
        found["`chat-message`, eight in flight"] = sends(server, plan)
    return found


def one(server: Server, plan: Plan, reader: Pages, path: str, *, page: bool = False) -> Numbers:
    sample = reader.get(path, page=page)
    numbers = measure(server, plan.request_seconds, partial(reader.get, path, page=page))
    return {**numbers, "bytes": len(sample)}


def join(socket: Socket) -> None:
    socket.ask("join", {"room": ROOM})
    socket.ask("leave", {"room": ROOM})


def reads(socket: Socket, head: int) -> Callable[[], object]:
    """Return what reads on by one message, from the room's middle."""
    seqs = iter(range(head // 2, head))
    return lambda: socket.ask("read", {"room": ROOM, "seq": next(seqs)})


def sends(server: Server, plan: Plan) -> Numbers:
    options = {**LONG.options, "seconds": plan.seconds, "warmup": plan.warmup}
    [talk] = load(server, options, "w8").talks
    stored = max(talk.result["stored"], 1)
    return {
        "cpu_us": talk.cpu / stored * 1e6,
        "database_us": talk.database_cpu / stored * 1e6,
        "p50_ms": talk.result["ack_ms"]["p50"],
        "p99_ms": talk.result["ack_ms"]["p99"],
        "times": stored,
        "faults": faults(talk),
    }
