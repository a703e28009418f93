"""Reactions of the demo site's people, by what a message says."""

import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from random import Random

from messaging.models import Message, ReactionSummary

# Of a hundred messages so many get reactions; of those that say something of this list, three times as many.
PER_HUNDRED = 6
# Of what one sees first, always.
FIRST_SEEN = re.compile(r"\b(lathe is back|saturday is free|programme is final)\b", re.I)
FITTING = (
    (re.compile(r"\b(lathe is back|gearbox|gears?)\b", re.I), ":cog:"),
    (re.compile(r"\b(morning|coffee|kettle)", re.I), "☕"),
    (re.compile(r"\b(thank|you're the best|lovely|wonderful)", re.I), "❤️"),
    (re.compile(r"\b(bread|cake|soup|biscuits|samosas|kitchen)", re.I), "😋"),
    (re.compile(r"\b(done|fixed|works again|is back|finished|open|final)\b", re.I), "🎉"),
    (re.compile(r"\b(broken|silly|kicked|hit it)\b", re.I), "😂"),
)
ANY = ("👍", "👍", "👀", "🙏", "😂", "🎉")


def reactions(
    message: Message, members: Collection[str], now: datetime, random: Random
) -> Iterator[tuple[str, str, datetime]]:
    """Yield who reacts to a message, with which emoji and when, in the order in which they do; none to most messages."""
    fitting = [emoji for pattern, emoji in FITTING if pattern.search(message.body)]
    first_seen = FIRST_SEEN.search(message.body)
    if not first_seen and random.randrange(100) >= PER_HUNDRED * (3 if fitting else 1):
        return
    others = [name for name in members if name != message.sender.username]
    emojis = list(dict.fromkeys([*fitting[:2], random.choice(ANY)]))[: random.randint(1, 2)]
    at = message.created_at
    for emoji in emojis:
        for name in random.sample(others, min(len(others), random.choice((1, 1, 2, 3, 5)))):
            at += timedelta(seconds=random.randrange(3, 20))
            if at < now:
                yield name, emoji, at


def summary_of(reacted: Collection[tuple[str, str, datetime]]) -> list[ReactionSummary] | None:
    """Return the summary that the message has of its reactions: fewer people than one names."""
    found: dict[str, ReactionSummary] = {}
    for name, emoji, _ in reacted:
        entry = found.setdefault(emoji, {"emoji": emoji, "count": 0, "users": []})
        entry["count"] += 1
        entry["users"].append(name)
    return list(found.values()) or None
