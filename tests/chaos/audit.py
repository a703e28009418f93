"""The audit: what was acknowledged against the database and against each reader's log, once all are whole.

    findings = audit(stage.postgres, "deck", crew.report())
    assert not (findings.lost or findings.doubled or findings.disorder)
    late = wholeness(crew.report(), "deck", ended)   # seconds from `ended` (ms since 1970) until each was whole

A reader's log is compared from where they joined first. Who was revoked is to be left out of `reports`.
"""

from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.chaos.crew import Report
from tests.support.servers.postgres import Postgres

# Milliseconds. What comes later than this after others had it, or is acknowledged later than this, was held up.
LATE = 1000.0

# (client_id, id, seq) of a message, and (seq, event, the message's id) of a line of the log.
Stored = tuple[str, int, int]
Line = tuple[int, str, int | None]


@dataclass
class Findings:
    """`lost` and `doubled` are client_ids, `disorder` sentences."""

    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)


def audit(database: Postgres, room: str, reports: list[Report], since: float = 0) -> Findings:
    """Of the messages begun after `since`."""
    return compare(stored_messages(database, room), events(database, room), room, reports, since)


def compare(
    stored: list[Stored], log: list[Line], room: str, reports: list[Report], since: float = 0
) -> Findings:
    acknowledged = {
        said["client_id"]: said
        for report in reports
        for said in report["sent"]
        if said.get("stored") and said["room"] == room and said["at"] >= since
    }
    found = Findings(len(acknowledged))
    compare_stored(found, acknowledged, stored)
    if [seq for seq, _, _ in log] != list(range(1, len(log) + 1)):
        found.disorder.append("the database's log has a hole")
    for report in reports:
        compare_log(found, report["name"], report["rooms"][room], log)
    return found


def stored_messages(database: Postgres, room: str) -> list[Stored]:
    return [
        (str(client_id), pk, seq)
        for client_id, pk, seq in database.ask(
            "SELECT m.client_id, m.id, m.seq FROM messaging_message m JOIN rooms_room r ON r.id = m.room_id"
            " WHERE r.slug = %s",
            room,
        )
    ]


def events(database: Postgres, room: str) -> list[Line]:
    return database.ask(
        "SELECT e.seq, e.event, e.subject_id FROM rooms_event e JOIN rooms_room r ON r.id = e.room_id"
        " WHERE r.slug = %s ORDER BY e.seq",
        room,
    )


def compare_stored(found: Findings, acknowledged: dict[str, Any], stored: list[Stored]) -> None:
    times = Counter(client_id for client_id, _, _ in stored)
    found.lost += [client_id for client_id in acknowledged if not times[client_id]]
    found.doubled += [client_id for client_id, count in times.items() if count > 1]
    for client_id, pk, seq in stored:
        said = acknowledged.get(client_id)
        if said and (said["id"], said["seq"]) != (pk, seq):
            found.disorder.append(f"{client_id} was acknowledged as {said['id']} and stored as {pk}")


def compare_log(found: Findings, name: str, mine: Report, log: list[Line]) -> None:
    """Of one reader, from their first join to the end."""
    lines = [(seq, event, pk if "message" in event else None) for seq, event, pk, *_ in mine["entries"]]
    theirs = [(seq, event, pk if "message" in event else None) for seq, event, pk in log[mine["begin"] :]]
    if lines != theirs:
        wrong = next((pair for pair in zip(lines, theirs, strict=False) if pair[0] != pair[1]), None)
        found.disorder.append(f"{name} has {len(lines)} events of {len(theirs)}; first difference: {wrong}")
    seen = Counter(client_id for _, event, _, client_id, *_ in mine["entries"] if event == "chat-message")
    found.doubled += [client_id for client_id, count in seen.items() if count > 1]
    if mine["altered"] or mine["resets"]:
        found.disorder.append(f"{name}: {mine['altered']} changed on repetition, {mine['resets']} resets")


def wholeness(reports: list[Report], room: str, moment: float) -> tuple[float, float]:
    """Seconds after the moment until the last thing that was held up came: median and worst over the clients."""
    first = first_seen(reports, room)
    lasts = [last_late(report, room, first, moment) for report in reports]
    seconds = [max(0.0, last - moment) / 1000 for last in lasts]
    return median(seconds), max(seconds)


def first_seen(reports: list[Report], room: str) -> dict[int, float]:
    """When the first of all had each event, by its seq."""
    first: dict[int, float] = {}
    for report in reports:
        for seq, _, _, _, at, _ in report["rooms"][room]["entries"]:
            first[seq] = min(at, first.get(seq, at))
    return first


def last_late(report: Report, room: str, first: dict[int, float], moment: float) -> float:
    late = [at for seq, _, _, _, at, _ in report["rooms"][room]["entries"] if at - first[seq] > LATE]
    late += [
        said["stored"]
        for said in report["sent"]
        if said["room"] == room and said.get("stored") and said["stored"] - said["at"] > LATE
    ]
    return max((at for at in late if at > moment), default=moment)
