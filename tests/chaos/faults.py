"""The faults, by name: `FAULTS["redis killed"].strike(stage, seconds, chance)` is back when the fault has ended.

`short` and `long` are the seconds it lasts in `./run test` and in `./run chaos`. `chance` is a `random.Random`.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.chaos.stage import Machine, Stage

# Seconds between two workers killed, and for gunicorn to have another one in its place.
KILLS = 3.0
RESTART = 30.0

Strike = Callable[[Stage, float, Random], None]


@dataclass(frozen=True)
class Fault:
    """`restarts`: workers don't live through it."""

    strike: Strike
    short: float
    long: float
    restarts: bool = False


def workers_killed(stage: Stage, seconds: float, chance: Random) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        machine = chance.choice(stage.machines)
        if machine.workers:
            os.kill(chance.choice(machine.workers), signal.SIGKILL)
        time.sleep(min(KILLS, max(0, end - time.monotonic())))
    for machine in stage.machines:
        await_workers(machine, stage.size)


def rolling_restart(stage: Stage, seconds: float, chance: Random) -> None:
    """SIGHUP to one machine after the other, each waited for."""
    for machine in stage.machines:
        old = set(machine.workers)
        machine.server.process.send_signal(signal.SIGHUP)
        await_workers(machine, stage.size, old)


def await_workers(machine: Machine, count: int, other_than: frozenset[int] | set[int] = frozenset()) -> None:
    deadline = time.monotonic() + RESTART
    while len(machine.workers) != count or set(machine.workers) & other_than:
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


def redis_cut_off(stage: Stage, seconds: float, chance: Random) -> None:
    """From one machine."""
    way = chance.choice(stage.machines).to_redis
    way.cut()
    time.sleep(seconds)
    way.heal()


def redis_unreachable(stage: Stage, seconds: float, chance: Random) -> None:
    """From one machine, whose packets go nowhere."""
    way = chance.choice(stage.machines).to_redis
    way.block()
    time.sleep(seconds)
    way.heal()


def redis_slow(stage: Stage, seconds: float, chance: Random) -> None:
    way = chance.choice(stage.machines).to_redis
    way.slow(0.3)
    time.sleep(seconds)
    way.heal()


def redis_doubled(stage: Stage, seconds: float, chance: Random) -> None:
    """All that is told to Redis is told twice, by connections that look alike."""
    way = chance.choice(stage.machines).to_redis
    way.double()
    way.end_connections()
    time.sleep(seconds)
    way.heal()
    way.end_connections()


def clients_cut_off(stage: Stage, seconds: float, chance: Random) -> None:
    way = chance.choice(stage.machines).door
    way.cut()
    time.sleep(seconds)
    way.heal()


def clients_unreachable(stage: Stage, seconds: float, chance: Random) -> None:
    way = chance.choice(stage.machines).door
    way.block()
    time.sleep(seconds)
    way.heal()


def clients_slow(stage: Stage, seconds: float, chance: Random) -> None:
    way = chance.choice(stage.machines).door
    way.slow(0.5)
    time.sleep(seconds)
    way.heal()


def clients_doubled(stage: Stage, seconds: float, chance: Random) -> None:
    """Each client's connection is made twice, and says all it says twice."""
    way = chance.choice(stage.machines).door
    way.double()
    way.end_connections()
    time.sleep(seconds)
    way.heal()
    way.end_connections()


FAULTS = {
    "workers killed": Fault(workers_killed, 8, 60, restarts=True),
    "rolling restart": Fault(rolling_restart, 0, 0, restarts=True),
    "redis killed": Fault(redis_killed, 3, 10),
    "redis stopped": Fault(redis_stopped, 4, 20),
    "redis flushed": Fault(redis_flushed, 0, 0),
    "redis cut off": Fault(redis_cut_off, 3, 15),
    "redis unreachable": Fault(redis_unreachable, 4, 20),
    "redis slow": Fault(redis_slow, 3, 15),
    "redis doubled": Fault(redis_doubled, 3, 15),
    "postgres restarted": Fault(postgres_restarted, 0, 0),
    "postgres stopped": Fault(postgres_stopped, 4, 20),
    "postgres connections ended": Fault(postgres_connections_ended, 0, 0),
    "clients cut off": Fault(clients_cut_off, 3, 20),
    "clients unreachable": Fault(clients_unreachable, 4, 20),
    "clients slow": Fault(clients_slow, 3, 15),
    "clients doubled": Fault(clients_doubled, 4, 15),
}
