"""The names of the site's own emoji, in the memory of each process: texts are rendered without a query.

They are read at the first text with a colon, after each change in any process, and every REFRESH_SECONDS where a word of a
change was lost.
"""

import re
from typing import NamedTuple

from chatsite.realtime.delivery import delivery, peers, subscriptions
from chatsite.realtime.scheduling.debouncer import Debouncer
from emoji.models import CustomEmoji

# The name in a text, without its colons.
NAME = r"[A-Za-z0-9_+-]{2,32}"
NAMED = re.compile(f":({NAME}):", re.ASCII)
REFRESH_SECONDS = 30.0
# Seconds of collecting other processes' words.
GATHER_SECONDS = 0.1
WORD = "emoji-changed"


class Picture(NamedTuple):
    """An emoji's picture, as the pages show it."""

    name: str
    url: str
    animated: bool


class Known:
    """What this process knows."""

    def __init__(self) -> None:
        self.pictures: dict[str, Picture] = {}
        self.loaded = False


known = Known()


def picture_of(name: str) -> Picture | None:
    """Return the picture of an emoji by its name in any case; None for another word."""
    return known.pictures.get(name.lower())


def picture_in(emoji: str) -> Picture | None:
    """Return the picture of `:name:`; None for anything else."""
    return picture_of(emoji[1:-1]) if emoji[:1] == ":" else None


def own_spelling(emoji: str) -> str | None:
    """Return the spelling of `:name:` if there is an emoji of that name; else None."""
    ensure()
    picture = picture_in(emoji) if NAMED.fullmatch(emoji) else None
    return picture and f":{picture.name}:"


def image_of(emoji: str) -> str | None:
    """Return the address of the picture of one of the site's own emoji; None for any other."""
    if emoji[:1] != ":":
        return None
    ensure()
    picture = picture_in(emoji)
    return picture.url if picture else None


def ensure() -> None:
    """Read the names if this process hasn't yet."""
    if not known.loaded:
        load()


def load() -> dict[str, Picture]:
    """Read all names; return those that were known before. One query."""
    before = known.pictures
    rows = CustomEmoji.objects.values_list("name", "file_id", "file__blob__animated")
    known.pictures = {
        name: Picture(name, url_of(name, file_id.hex), animated) for name, file_id, animated in rows
    }
    known.loaded = True
    return before


def url_of(name: str, version: str) -> str:
    """Return the address of a picture. With another picture the name has another address, so browsers keep each for good."""
    return f"/emoji/{name}/{version}"


def changed() -> None:
    """Report a change, which is committed, to all processes and open pages."""
    delivery.notify_processes(WORD)
    refresh()


def refresh(changes: object = None) -> None:
    """Read the names again, and tell this process's clients what is another."""
    before = load()
    if not subscriptions.anybody():
        return
    now = known.pictures
    added = [picture._asdict() for name, picture in now.items() if before.get(name) != picture]
    removed = [name for name in before if name not in now]
    if added or removed:
        everybody = subscriptions.all_connections()
        delivery.to_connections(everybody, "emoji-updated", {"added": added, "removed": removed})


def forget() -> None:
    """Forget the names, so that the next text with a colon reads them."""
    known.pictures, known.loaded = {}, False


# Words of other processes that came since the names were read.
words = Debouncer[str, None]("emoji", refresh, gather=GATHER_SECONDS)
peers.register(WORD, lambda: words.note({WORD: None}))
