"""What a message costs in rooms of 5 to 5,000 sockets."""

from benchmarks.groups import Group
from benchmarks.growth.client import Numbers
from benchmarks.growth.site import SIZES, Plan, Site
from benchmarks.loader import Talk, Usage, faults, load
from benchmarks.servers import running

# Messages a second of the talk by which latencies are measured: the same in each room.
RATE = 10


def measure_site(site: Site, plan: Plan) -> dict[str, Numbers]:
    return {f"{group.size:,}": size(site, plan, group) for group in SIZES}


def size(site: Site, plan: Plan, group: Group) -> Numbers:
    """Measure a room on a freshly started server: joins, and messages at a rate, one and eight in flight."""
    with running(site.workspace, site.name) as server:
        before = Usage.of(server)
        options = {**group.options, "seconds": plan.seconds, "warmup": plan.warmup}
        done = load(server, options, f"r{RATE}", "w1", "w8")
        rated, one, eight = (costs(talk, group) for talk in done.talks)
        sockets = done.opened["sockets"]
        return {
            "join_us": (done.ready.server - done.start.server) / sockets * 1e6,
            "join_database_us": (done.ready.database - done.start.database) / sockets * 1e6,
            "socket_bytes": (done.ready.memory - before.memory) / sockets,
            "p50_ms": done.talks[0].result["delivery_ms"]["p50"],
            "p99_ms": done.talks[0].result["delivery_ms"]["p99"],
            **{f"rated_{name}": value for name, value in rated.items()},
            **{f"one_{name}": value for name, value in one.items()},
            **{f"eight_{name}": value for name, value in eight.items()},
            "faults": {key: value for talk in done.talks for key, value in faults(talk).items()}
            | done.failed,
        }


def costs(talk: Talk, group: Group) -> dict[str, float]:
    """Return CPU µs of the server for a message and for a delivery, and of the database for a message."""
    stored = max(talk.result["stored"], 1)
    return {
        "message_us": talk.cpu / stored * 1e6,
        "delivery_us": talk.cpu / stored / group.size * 1e6,
        "database_us": talk.database_cpu / stored * 1e6,
        "bytes": talk.result["bytes"] / max(talk.result["deliveries"], 1),
    }
