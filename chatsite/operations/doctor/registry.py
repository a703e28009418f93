"""List all checks, in the order of the report."""

from chatsite.operations.doctor import (
    children,
    clock,
    consumers,
    database,
    dependencies,
    machine,
    outside,
    postgresql,
    push,
    site,
    uploads,
)
from chatsite.operations.doctor.findings import Check, Findings, guarded

ALWAYS: list[tuple[str, Check]] = [
    ("settings", site.django),
    ("key", site.secrets),
    ("address", site.address),
    ("files", machine.permissions),
    ("disk", machine.disk),
    ("uploads", uploads.disk),
    ("open files", machine.descriptors),
    ("mail", dependencies.mail),
    ("pictures", children.pictures),
    ("redis", dependencies.redis),
    ("database", database.reachable),
]
WITH_DATABASE: list[tuple[str, Check]] = [
    ("connections", postgresql.connections),
    ("search", postgresql.search),
    ("driver", database.driver),
    ("migrations", database.migrations),
    ("clock", clock.clock),
    ("consumers", consumers.consumers),
    ("uploads", uploads.machines),
    ("store", uploads.remote),
    ("previews", children.previews),
    ("push", push.push),
]


def inside() -> Findings:
    """Run the checks of this machine; those in WITH_DATABASE only if the database can be used."""
    for topic, check in ALWAYS:
        yield from guarded(topic, check)
    if database.usable():
        for topic, check in WITH_DATABASE:
            yield from guarded(topic, check)
    yield from guarded("server", dependencies.server)


def outside_of(url: str, token: str) -> Findings:
    """Run the checks from outside; the first finding is the only one if the site can't be reached."""
    unreachable = outside.reachable(url)
    if unreachable:
        yield unreachable
        return
    for topic, check in outside.checks(url, token):
        yield from guarded(topic, check)
