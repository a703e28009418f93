"""Generate the demo site's posts out of the scripts: room, sender, text and time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from chatsite.operations.demo import script, site, timeline

CONVERSATION_COUNT = 860


@dataclass
class Post:
    room: str
    who: str
    text: str
    at: datetime
    answers: "Post | None" = None
    # Of a message that is forwarded: its copy.
    forwards: dict[str, Any] | None = None
    # The message's id, once it has one.
    pk: int | None = None


def posts(start: datetime, now: datetime, random: Random) -> Iterator[Post]:
    share = CONVERSATION_COUNT / sum(room[2] for room in site.ROOMS.values())
    for slug, (_, _, weight, members) in site.ROOMS.items():
        talk = script.read(site.TALK / f"{slug}.txt")
        yield from room_posts(slug, talk, members, round(weight * share), (start, now), random)
    directs = script.read(site.TALK / "directs.txt")
    for people, last in site.DIRECTS:
        yield from room_posts(site.direct_slug(people), directs, people, 7, (start, now), random)
        yield from last_messages(site.direct_slug(people), last, now, random)


def room_posts(
    slug: str,
    talk: script.Script,
    members: tuple[str, ...],
    count: int,
    between: tuple[datetime, datetime],
    random: Random,
) -> Iterator[Post]:
    start, now = between
    used_lines: set[str] = set()
    free = start + timedelta(hours=7)
    moments = timeline.starts(count, start, now - timedelta(hours=6), random)
    for conversation, moment in zip(choose_conversations(talk, count, random), moments, strict=False):
        lines = least_repeated(talk, conversation, members, used_lines, random)
        spoken = list(timed(slug, lines, max(moment, free), random))
        if spoken and spoken[-1].at > now - timedelta(hours=3):
            break
        yield from spoken
        free = spoken[-1].at + timedelta(minutes=random.randrange(3, 90))
    for conversation in talk.of_kind("last"):
        lines = least_repeated(talk, conversation, members, used_lines, random)
        yield from ending_recently(slug, lines, now, random)


def choose_conversations(talk: script.Script, count: int, random: Random) -> list[script.Conversation]:
    """Choose `count` conversations: all once in random order before any comes again, those of kind `once` only once."""
    usual, once = talk.of_kind(""), talk.of_kind("once")
    chosen: list[script.Conversation] = []
    while len(chosen) < count - len(once):
        chosen += random.sample(usual, len(usual))
    chosen = chosen[: count - len(once)]
    for conversation in once:
        chosen.insert(random.randrange(len(chosen) + 1), conversation)
    return chosen


def least_repeated(
    talk: script.Script,
    conversation: script.Conversation,
    members: tuple[str, ...],
    used_lines: set[str],
    random: Random,
) -> list[script.SpokenLine]:
    """Generate six versions of a conversation and return the one with the fewest lines that the room has had already."""
    names = {username: name.split()[0] for username, name in site.PEOPLE.items()}
    tries = []
    for _ in range(6):
        cast = script.cast_for(conversation, members, random)
        lines = list(script.Variant(talk, cast, names, random).lines(conversation))
        tries.append((sum(line.text in used_lines for line in lines) / (len(lines) or 1), lines))
    lines = min(tries, key=lambda pair: pair[0])[1]
    used_lines.update(line.text for line in lines)
    return lines


def timed(slug: str, lines: list[script.SpokenLine], moment: datetime, random: Random) -> Iterator[Post]:
    before: Post | None = None
    for line, pause in zip(lines, timeline.pauses(random), strict=False):
        before = Post(slug, line.who, line.text, moment, before if line.answers else None)
        yield before
        moment += pause


def ending_recently(slug: str, lines: list[script.SpokenLine], now: datetime, random: Random) -> list[Post]:
    """Time a room's last conversation so that it ends 3 to 50 minutes before `now`."""
    spoken = list(timed(slug, lines, now, random))
    late = spoken[-1].at - now + timedelta(minutes=random.randrange(3, 50))
    for post in spoken:
        post.at -= late
    return spoken


def last_messages(slug: str, last: list[tuple[str, str]], now: datetime, random: Random) -> list[Post]:
    lines = [script.SpokenLine(who, text, False) for who, text in last]
    return ending_recently(slug, lines, now, random) if lines else []
