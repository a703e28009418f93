"""One machine and two: processes with ports of their own that share PostgreSQL and Redis."""

from contextlib import ExitStack
from dataclasses import replace

from redis import Redis

from benchmarks import workers
from benchmarks.groups import Group
from benchmarks.growth.client import Numbers
from benchmarks.growth.site import SIZES, Plan, Site
from benchmarks.loader import Talk, Usage, faults, load
from benchmarks.servers import Server, running

RATE = 10
MEASURED = {group.size: group for group in SIZES if group.size in (50, 500)}


def measure_site(site: Site, plan: Plan) -> dict[str, Numbers]:
    """Return figures by machines and room."""
    found: dict[str, Numbers] = {}
    with workers.redis() as url:
        workspace = replace(site.workspace, settings={**site.workspace.settings, "REDIS_URL": url})
        joined = replace(site, workspace=workspace)
        for size, group in MEASURED.items():
            for machines in (1, 2):
                found[f"{machines} × {size:,}"] = measure(joined, plan, group, machines, url)
    return found


def measure(site: Site, plan: Plan, group: Group, machines: int, url: str) -> Numbers:
    """Measure a room whose every second socket is on the second machine, where there is one."""
    with ExitStack() as stack:
        servers = [stack.enter_context(running(site.workspace, site.name)) for _ in range(machines)]
        first, *rest = servers
        options = {**group.options, "seconds": plan.seconds, "warmup": plan.warmup}
        if rest:
            options["other-port"] = rest[0].port
        numbers: Numbers = {}
        for talk in (f"r{RATE}", "w8"):
            numbers |= talked(site, options, talk, first, rest, url)
        return numbers


def talked(
    site: Site, options: dict[str, object], how: str, first: Server, rest: list[Server], url: str
) -> Numbers:
    marks: list[tuple[float, dict[str, float]]] = []

    def mark() -> None:
        marks.append((sum(Usage.of(server).server for server in rest), redis_use(url)))

    group_size = int(str(options["size"]))
    [talk] = load(first, options, how, at_begin=mark, at_end=mark).talks
    (other_before, redis_before), (other_after, redis_after) = marks
    stored = max(talk.result["stored"], 1)
    each = {name: (redis_after[name] - redis_before[name]) / stored for name in redis_before}
    cpu = talk.cpu + other_after - other_before
    return {
        f"{how[0]}_message_us": cpu / stored * 1e6,
        f"{how[0]}_delivery_us": cpu / stored / group_size * 1e6,
        f"{how[0]}_database_us": talk.database_cpu / stored * 1e6,
        f"{how[0]}_redis_us": each["cpu"] * 1e6,
        f"{how[0]}_redis_commands": each["commands"],
        f"{how[0]}_redis_in": each["in"],
        f"{how[0]}_redis_out": each["out"],
        **latency(talk, how[0]),
    }


def latency(talk: Talk, word: str) -> Numbers:
    near, far = talk.result["delivery_ms"], talk.result["far_ms"]
    return {
        f"{word}_near_p50_ms": near["p50"],
        f"{word}_near_p99_ms": near["p99"],
        f"{word}_far_p50_ms": far["p50"],
        f"{word}_far_p99_ms": far["p99"],
        f"{word}_faults": faults(talk),
    }


def redis_use(url: str) -> dict[str, float]:
    """Return Redis' CPU seconds, commands, and bytes that came in and went out."""
    with Redis.from_url(url) as client:
        found: dict[str, float] = client.info()
    return {
        "cpu": found["used_cpu_user"] + found["used_cpu_sys"],
        "commands": found["total_commands_processed"],
        "in": found["total_net_input_bytes"],
        "out": found["total_net_output_bytes"],
    }
