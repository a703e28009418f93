"""Skeletons of names: two names that share a skeleton look alike.

After UTS 39, each character is replaced by the one it may be read as ("а" of Cyrillic: "a", "1" and "I": "l", "m":
"rn"). Beyond UTS 39, accents, case, spaces and punctuation are dropped.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from chatsite.database.chunks import chunked

# Characters. Names are shorter; NFKC makes up to 18 of one.
NAME_LENGTH, SKELETON_LENGTH = 64, 128
# Reading steps until nothing changes: lower-casing may produce letters that look like others again.
MAX_READING_STEPS = 4
TABLE = Path(__file__).with_name("confusables.txt")
# Dropped: separators, punctuation, and signs such as "^", "~" and "+". Unicode categories or their first letters.
UNCOUNTED = ("Z", "P", "Sk", "Sm")
# Drawn as nothing though their category says letter, mark or symbol: Hangul fillers, Khmer's inherent vowels,
# Mongolian selectors, the grapheme joiner, the empty braille cell.
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
VARIATION_SELECTORS = frozenset(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
# People whose skeletons are stored by one query.
PEOPLE_PER_STEP = 500


def skeletons(name: str) -> set[str]:
    """Return one or two skeletons of 1 to SKELETON_LENGTH characters: of the name as written and of its lower case.
    "Ivan" looks like "lvan" by its capital and is also "ivan". None for a name that draws nothing."""
    text = unicodedata.normalize("NFKC", name[:NAME_LENGTH])[:SKELETON_LENGTH]
    return {skeleton for written in {text, text.casefold()} if (skeleton := counted(read(written)))}


def counted(text: str) -> str:
    """Return the text without spaces and punctuation, unless nothing else is left."""
    kept = "".join(c for c in text if not unicodedata.category(c).startswith(UNCOUNTED))
    return (kept or text.replace(" ", ""))[:SKELETON_LENGTH]


def words(text: str) -> list[str]:
    """Return the parts between spaces, punctuation and symbols; accents that stand alone stay with their letters."""
    return "".join(" " if unicodedata.category(c)[0] in "ZPS" else c for c in text).split()


def read(text: str) -> str:
    """Return what the characters may be read as, lower-case and without accents; at most SKELETON_LENGTH characters a
    step."""
    for _ in range(MAX_READING_STEPS):
        letters = unicodedata.normalize("NFD", unaccented(text).translate(confusables()))
        folded = unaccented(letters).casefold()[: 2 * SKELETON_LENGTH]
        if folded == text:
            break
        text = folded
    return text


def unaccented(text: str) -> str:
    """Return the text decomposed, without accents and invisible characters. Vowel signs, letters in Indic and other
    scripts, stay."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not (hidden(c) or accent(c)))


def hidden(character: str) -> bool:
    """Return whether the character is drawn as nothing."""
    return character in BLANK or character in VARIATION_SELECTORS or unicodedata.category(character)[0] == "C"


def accent(character: str) -> bool:
    """Return whether the character is an accent by its combining class: overlays (1), points of Hebrew, Arabic and
    Syriac (10 to 36), attached above or below (200 and more); or an enclosing mark."""
    combining = unicodedata.combining(character)
    return (
        combining == 1 or 10 <= combining <= 36 or combining >= 200 or unicodedata.category(character) == "Me"
    )


@cache
def confusables() -> dict[int, str]:
    """Return UTS 39's prototype of each confusable character, for `str.translate`."""
    lines = (line for line in TABLE.read_text().splitlines() if not line.startswith("#"))
    pairs = (line.split("; ") for line in lines)
    return {
        int(source, 16): "".join(chr(int(code, 16)) for code in prototype.split())
        for prototype, sources in pairs
        for source in sources.split()
    }


def store_skeletons(rows: Any, people: Iterable[Any]) -> None:
    """Store the skeletons of people (`pk`, `username`, `display_name`) who weren't saved one by one, as `rows`, the model
    NameSkeleton or its state in a migration. The first holder of a skeleton has it exclusively; later ones share it."""
    for step in chunked(people, PEOPLE_PER_STEP):
        store_some_skeletons(rows, step)


def store_some_skeletons(rows: Any, people: Sequence[Any]) -> None:
    """Store the skeletons of some people in two queries."""
    read = {person.pk: skeletons(person.username) | skeletons(person.display_name) for person in people}
    known = set(
        rows.objects.filter(skeleton__in=set().union(*read.values())).values_list("skeleton", flat=True)
    )
    found = []
    for pk, wanted in read.items():
        found += [rows(user_id=pk, skeleton=each, exclusive=each not in known) for each in sorted(wanted)]
        known |= wanted
    rows.objects.bulk_create(found)
