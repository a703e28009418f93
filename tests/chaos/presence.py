"""Who is here, as each machine says it and as each reader was told.

ghosts(stage, "deck", {"ada", "mira"}, token)           # [] as soon as every worker shows these and nobody else
stutters(crew.report())                                  # who was told to be gone twice in a row, and to whom
"""

import time

import requests

from tests.chaos.crew import Report
from tests.chaos.stage import Machine, Stage

# Seconds: a ghost goes within 20, but the machine may be busy.
GONE = 40.0
# Between two questions: REST answers one person only so often.
PAUSE = 1.0


def online(machine: Machine, token: str, room: str) -> set[str]:
    """The room's members who are online, as REST says."""
    found, url = set(), f"{machine.server.url}/room/{room}/member?limit=200"
    while url:
        page = requests.get(url, headers={"Authorization": f"Token {token}"}, timeout=30).json()
        found |= {member["user"]["username"] for member in page["results"] if member["user"].get("online")}
        url = page["next"]
    return found


def ghosts(stage: Stage, room: str, expected: set[str], token: str, seconds: float = GONE) -> list[str]:
    """Who is shown wrongly after so long; several requests reach several workers."""
    deadline = time.monotonic() + seconds
    while True:
        answers = [online(machine, token, room) for machine in stage.machines for _ in range(2 * stage.size)]
        wrong = sorted({name for answer in answers for name in answer ^ expected})
        if not wrong or time.monotonic() > deadline:
            return [f"{name} is shown {'offline' if name in expected else 'online'}" for name in wrong]
        time.sleep(PAUSE)


def stutters(reports: list[Report], since: float = 0) -> list[str]:
    """Who was told to be gone twice with nothing between, the second time after `since`. A connection begins anew, as what
    came meanwhile was missed. Who goes and comes back within a moment is only told to be here, and so perhaps twice."""
    found = []
    for report in reports:
        last: dict[str, str] = {}
        for at, event, name in report["presence"]:
            if event == "connect":
                last.clear()
            elif event == last.get(name) == "user-disconnected" and at > since:
                found.append(f"{report['name']} was told twice that {name} had gone, at {at}")
            last[name] = event
    return found
