"""Names of time zones, as people and their browsers give them: the IANA's, and nothing else."""

import re
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from chatsite.contract.errors import Invalid

MAX_ZONE_LENGTH = 64
UTC = "UTC"
# A name, and no path.
NAME = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", re.ASCII)
# What tzdata has beside zones.
NO_ZONES = ("posix/", "right/", "SystemV/", "Factory", "localtime", "posixrules")
# Zones that are no places: nobody chooses them from a list.
NO_PLACES = "Etc/"


def find_zone(name: str) -> ZoneInfo | None:
    """Return the zone of a name; None for one that is none, or that this machine doesn't know."""
    if len(name) > MAX_ZONE_LENGTH or not NAME.fullmatch(name) or name.startswith(NO_ZONES):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def checked_zone(field: str, name: str) -> ZoneInfo:
    """Return the zone of a name. Raises Invalid about `field`."""
    found = find_zone(name)
    if found is None:
        raise Invalid.about(field, "Use a name of the IANA's, such as Europe/Vienna.")
    return found


@cache
def places() -> list[str]:
    """Return the names of zones to choose from, in their order."""
    return sorted(
        name for name in available_timezones() if "/" in name and not name.startswith((NO_PLACES, *NO_ZONES))
    )
