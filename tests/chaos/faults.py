"""The faults, by name: `FAULTS["redis killed"].strike(stage, seconds, chance)` is back when the fault has ended.

`short` and `long` are the seconds it lasts in `./run test` and in `./run chaos`. `chance` is a `random.Random`.
"""

import os
import signal
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from random import Random

from tests.chaos.proxy import Proxy
from tests.chaos.stage import Machine, Stage

# Seconds between two workers killed, and for gunicorn to have another one in its place.
KILLS = 3.0
RESTART = 60.0

Strike = Callable[[Stage, float, Random], None]


@dataclass(frozen=True)
class Fault:
    strike: Strike
    short: float
    long: float


def workers_killed(stage: Stage, seconds: float, chance: Random) -> None:
    """One every few seconds; it ends with the last."""
    end = time.monotonic() + seconds
    while True:
        machine = chance.choice(stage.machines)
        if machine.workers:
            os.kill(chance.choice(machine.workers), signal.SIGKILL)
        if time.monotonic() + KILLS > end:
            return
        time.sleep(KILLS)


def rolling_restart(stage: Stage, seconds: float, chance: Random) -> None:
    """SIGHUP to one machine after the other, each waited for, until the time is up."""
    end = time.monotonic() + seconds
    for number, machine in enumerate(stage.machines):
        if number and time.monotonic() > end:
            return
        old = set(machine.workers)
        machine.server.process.send_signal(signal.SIGHUP)
        await_workers(machine, old)


def await_workers(machine: Machine, gone: Collection[int] = ()) -> None:
    """As many as it should have, and none of those."""
    deadline = time.monotonic() + RESTART
    while len(machine.workers) != machine.size or not set(machine.workers).isdisjoint(gone):
        assert time.monotonic() < deadline, f"gunicorn has the workers {machine.workers}"
        time.sleep(0.05)


def redis_killed(stage: Stage, seconds: float, chance: Random) -> None:
    stage.redis.kill()
    time.sleep(seconds)
    stage.redis.start()


def redis_stopped(stage: Stage, seconds: float, chance: Random) -> None:
    stage.redis.halt()
    time.sleep(seconds)
    stage.redis.go_on()


def redis_flushed(stage: Stage, seconds: float, chance: Random) -> None:
    stage.redis.client.flushall()


def postgres_restarted(stage: Stage, seconds: float, chance: Random) -> None:
    """As if it had crashed."""
    stage.postgres.stop(signal.SIGQUIT)
    stage.postgres.start()


def postgres_stopped(stage: Stage, seconds: float, chance: Random) -> None:
    stage.postgres.stop()
    time.sleep(seconds)
    stage.postgres.start()


def postgres_connections_ended(stage: Stage, seconds: float, chance: Random) -> None:
    stage.postgres.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )


def for_a_time(way_of: Callable[[Machine], Proxy], harm: Callable[[Proxy], None]) -> Strike:
    """Of one machine: the way to Redis, or its clients' to it."""

    def strike(stage: Stage, seconds: float, chance: Random) -> None:
        way = way_of(chance.choice(stage.machines))
        harm(way)
        time.sleep(seconds)
        way.heal()

    return strike


def to_redis(machine: Machine) -> Proxy:
    return machine.to_redis


def door(machine: Machine) -> Proxy:
    return machine.door


def ways_slow(stage: Stage, seconds: float, chance: Random) -> None:
    """That of one machine's clients, and that of another to Redis."""
    ways = {door(chance.choice(stage.machines)): 0.5, to_redis(chance.choice(stage.machines)): 0.3}
    for way, delay in ways.items():
        way.slow(delay)
    time.sleep(seconds)
    for way in ways:
        way.heal()


def connections_doubled(stage: Stage, seconds: float, chance: Random) -> None:
    """Those of one machine's clients and those of another to Redis are made twice, and say all they say twice."""
    ways = [door(chance.choice(stage.machines)), to_redis(chance.choice(stage.machines))]
    for way in ways:
        way.double()
        way.end_connections()
    time.sleep(seconds)
    for way in ways:
        way.heal()
        way.end_connections()


FAULTS = {
    "workers killed": Fault(workers_killed, 7, 60),
    "rolling restart": Fault(rolling_restart, 0, 20),
    "redis killed": Fault(redis_killed, 3, 10),
    "redis stopped": Fault(redis_stopped, 4, 20),
    "redis flushed": Fault(redis_flushed, 0, 0),
    "redis cut off": Fault(for_a_time(to_redis, Proxy.cut), 3, 15),
    "redis unreachable": Fault(for_a_time(to_redis, Proxy.block), 4, 20),
    "postgres restarted": Fault(postgres_restarted, 0, 0),
    "postgres stopped": Fault(postgres_stopped, 4, 20),
    "postgres connections ended": Fault(postgres_connections_ended, 0, 0),
    "clients cut off": Fault(for_a_time(door, Proxy.cut), 3, 20),
    "clients unreachable": Fault(for_a_time(door, Proxy.block), 4, 20),
    "ways slow": Fault(ways_slow, 3, 15),
    "connections doubled": Fault(connections_doubled, 4, 15),
}
