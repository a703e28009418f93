"""Weekly schedules: the hours in which somebody wants to be disturbed, by the clock of their zone.

A schedule is a list of `{"day", "from", "to"}`: a day of the week, and times as "09:00". Hours that end at or before their
beginning go on into the next day, so "00:00" to "00:00" is a whole day. An empty schedule means every hour.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from chatsite.contract.errors import Invalid
from chatsite.contract.zones import find_zone

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
DAY_MINUTES = 24 * 60


Hours = TypedDict("Hours", {"day": str, "from": str, "to": str})


def checked(schedule: Iterable[Hours]) -> list[Hours]:
    """Return the schedule in the order of the week. Raises Invalid for a day that is named twice, or no times."""
    hours = list(schedule)
    if len({each["day"] for each in hours}) < len(hours):
        raise Invalid.about("schedule", "Name each day once.")
    for each in hours:
        if each["day"] not in DAYS:
            raise Invalid.about("schedule", "A day is monday, tuesday and so on.")
        if not (TIME.fullmatch(each["from"]) and TIME.fullmatch(each["to"])):
            raise Invalid.about("schedule", "Write times as 09:00.")
    return sorted(hours, key=lambda each: DAYS.index(each["day"]))


def off_hours(schedule: list[Hours], zone: str, now: datetime) -> bool:
    """Return whether `now` is outside the hours of a schedule. An unknown zone, which an older system had, is UTC."""
    if not schedule:
        return False
    local = now.astimezone(find_zone(zone) or UTC)
    minute = local.hour * 60 + local.minute
    by_day = {each["day"]: each for each in schedule}
    today, yesterday = (
        by_day.get(DAYS[day.weekday()]) for day in (local.date(), local.date() - timedelta(days=1))
    )
    return not (within(today, minute) or within(yesterday, minute + DAY_MINUTES))


def within(hours: Hours | None, minute: int) -> bool:
    """Return whether a minute, counted from the beginning of their day, is within these hours."""
    if hours is None:
        return False
    begin, end = minutes(hours["from"]), minutes(hours["to"])
    return begin <= minute < (end if end > begin else end + DAY_MINUTES)


def minutes(time: str) -> int:
    """Return the minutes of a time since midnight."""
    hour, minute = time.split(":")
    return int(hour) * 60 + int(minute)
