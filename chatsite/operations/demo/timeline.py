"""Generate the times of conversations: more in evenings than in mornings, more on Saturdays than on Mondays."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

# Weights of the hours of a day, from midnight, and of the days of a week, from Monday.
HOURS = [1, 0, 0, 0, 0, 0, 2, 6, 10, 9, 7, 6, 9, 8, 6, 6, 7, 9, 12, 14, 14, 11, 6, 3]
DAYS = [8, 9, 10, 10, 9, 14, 7]


def starts(count: int, first: datetime, last: datetime, random: Random) -> list[datetime]:
    """Return `count` random moments between `first` and `last`, sorted."""
    days = [first + timedelta(days=day) for day in range((last - first).days)]
    weights = [DAYS[day.weekday()] for day in days]
    moments = []
    for day in random.choices(days, weights, k=count):
        hour = random.choices(range(24), HOURS)[0]
        moment = day.replace(hour=hour, minute=random.randrange(60), second=random.randrange(60))
        moments.append(min(moment, last))
    return sorted(moments)


def pauses(random: Random) -> Iterator[timedelta]:
    """Yield pauses between lines: about a minute, and 7 % of them 20 to 120 minutes longer."""
    while True:
        seconds = random.lognormvariate(4.2, 1.0)
        if random.random() < 0.07:
            seconds += random.uniform(1200, 7200)
        yield timedelta(seconds=max(6, seconds), milliseconds=random.randrange(1000))
