"""What a username and a display name may be, whoever else is there."""

import re
import unicodedata

from django.core.exceptions import ValidationError

from accounts.names.skeletons import BLANK, words

# What people are looked up by: a name from before there was a rule for its ends still logs in.
USERNAME = re.compile(r"[A-Za-z0-9_.-]{3,32}")
# Pages beside `/people/…`, and words that address everybody.
RESERVED = frozenset({"invite", "all", "everyone", "here", "channel", "room"})
# ZERO WIDTH NON-JOINER and JOINER: spelling in Persian, Sinhala and their kin, and the glue of emoji.
JOINERS = frozenset("\u200c\u200d")
# Alphabets whose letters are drawn the same with a joiner between them as without.
UNJOINED = frozenset({
    "LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "HEBREW", "GEORGIAN", "CHEROKEE", "COPTIC", "CJK", "HANGUL", "HIRAGANA",
    "KATAKANA", "BOPOMOFO",
})  # fmt: skip
# Alphabets that share shapes: letters of two of them in one word are there to deceive.
LOOKALIKE_ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})
# "@ada" behind a name would be read as the username that pages show there.
AT_SIGN = re.compile(r"(?<!\w)[@\uff20\ufe6b]")


def validate_username(value: str) -> None:
    if not USERNAME.fullmatch(value):
        raise ValidationError("Use 3 to 32 letters, digits, dots, dashes or underscores.", code="username")
    if not (value[0].isalnum() and value[-1].isalnum()):
        raise ValidationError("Begin and end it with a letter or digit.", code="username")
    if value.lower() in RESERVED:
        raise ValidationError("That username is reserved.", code="reserved")


def validate_display_name(value: str) -> None:
    validate_visible(value)
    if any(len(alphabets(word) & LOOKALIKE_ALPHABETS) > 1 for word in words(value)):
        raise ValidationError("Write each word in the letters of one alphabet.", code="mixed_alphabets")
    if AT_SIGN.search(value):
        raise ValidationError("Leave out the @: it stands before usernames.", code="at_sign")


def validate_visible(value: str) -> None:
    """Refuse characters that can't be seen: with them one name could pass for another. For names of rooms, too."""
    # Cc, Cf, Cs, Co, Cn and the separators other than the space: controls, bidi overrides, zero-width
    # characters and private use.
    for place, character in enumerate(value):
        category = unicodedata.category(character)
        hidden = category[0] == "C" or category in ("Zl", "Zp") or character in BLANK
        if hidden and not joins(value, place):
            raise ValidationError("Invisible characters are not allowed.", code="display_name")


def joins(text: str, place: int) -> bool:
    """Whether the character there is a joiner between two letters whose shapes depend on it, or between two emoji."""
    if text[place] not in JOINERS or not 0 < place < len(text) - 1:
        return False
    before, after = text[place - 1], text[place + 1]
    return (joinable(before) and joinable(after)) or (pictorial(before) and pictorial(after))


def joinable(character: str) -> bool:
    """A letter, or a mark on one, of a script that joins its letters."""
    return unicodedata.category(character)[0] in "LM" and alphabet(character) not in UNJOINED | {
        "VARIATION",
        "COMBINING",
    }


def pictorial(character: str) -> bool:
    """An emoji, its colour of skin, or the selector that makes one of a symbol."""
    return unicodedata.category(character) in ("So", "Sm", "Sk") or character == "\ufe0f"


def alphabets(word: str) -> set[str]:
    return {alphabet(character) for character in word if character.isalpha()}


def alphabet(character: str) -> str:
    """The first word of its name in Unicode: LATIN, CYRILLIC, …; of a symbol or sign something else."""
    return unicodedata.name(character, "").partition(" ")[0]


def tidy(name: str) -> str:
    """One way to write a display name: composed characters, single spaces, none at the ends."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", name)).strip()
