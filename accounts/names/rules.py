"""Rules for usernames and display names by themselves, without regard to other people."""

import re
import unicodedata

from django.core.exceptions import ValidationError

from accounts.names.skeletons import BLANK, words

# Pattern for look-ups; names that predate the rule about their ends still log in.
USERNAME = re.compile(r"[A-Za-z0-9_.-]{3,32}")
# Pages under `/people/…`, and words that address everybody.
RESERVED = frozenset({"invite", "all", "everyone", "here", "channel", "room"})
# ZERO WIDTH NON-JOINER and JOINER: part of the spelling in Persian, Sinhala and others, and of composed emoji.
JOINERS = frozenset("\u200c\u200d")
# Alphabets whose letters look the same with a joiner between them as without.
UNJOINED = frozenset({
    "LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "HEBREW", "GEORGIAN", "CHEROKEE", "COPTIC", "CJK", "HANGUL", "HIRAGANA",
    "KATAKANA", "BOPOMOFO",
})  # fmt: skip
# Alphabets with letters of the same shape: two of them in one word are there to deceive.
LOOKALIKE_ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})
# Pages show "@ada" behind a name as the username.
AT_SIGN = re.compile(r"(?<!\w)[@\uff20\ufe6b]")


def validate_username(value: str) -> None:
    """Raise ValidationError unless the value can be a new username."""
    if not USERNAME.fullmatch(value):
        raise ValidationError("Use 3 to 32 letters, digits, dots, dashes or underscores.", code="username")
    if not (value[0].isalnum() and value[-1].isalnum()):
        raise ValidationError("Begin and end it with a letter or digit.", code="username")
    if value.lower() in RESERVED:
        raise ValidationError("That username is reserved.", code="reserved")


def validate_display_name(value: str) -> None:
    """Raise ValidationError unless the value can be a display name."""
    validate_visible(value)
    if any(len(alphabets(word) & LOOKALIKE_ALPHABETS) > 1 for word in words(value)):
        raise ValidationError("Write each word in the letters of one alphabet.", code="mixed_alphabets")
    if AT_SIGN.search(value):
        raise ValidationError("Leave out the @: it stands before usernames.", code="at_sign")


def validate_visible(value: str) -> None:
    """Raise ValidationError for invisible characters, with which one name could pass for another. Also for names of
    rooms."""
    # Categories Cc, Cf, Cs, Co and Cn, and separators other than the space: controls, bidi overrides, zero-width
    # characters, private use.
    for place, character in enumerate(value):
        category = unicodedata.category(character)
        hidden = category[0] == "C" or category in ("Zl", "Zp") or character in BLANK
        if hidden and not joins(value, place):
            raise ValidationError("Invisible characters are not allowed.", code="display_name")


def joins(text: str, place: int) -> bool:
    """Return whether the character at `place` is a joiner between two letters that it shapes, or between two emoji."""
    if text[place] not in JOINERS or not 0 < place < len(text) - 1:
        return False
    before, after = text[place - 1], text[place + 1]
    return (joinable(before) and joinable(after)) or (pictorial(before) and pictorial(after))


def joinable(character: str) -> bool:
    """Return whether the character is a letter, or a mark on one, of a script that joins its letters."""
    return unicodedata.category(character)[0] in "LM" and alphabet(character) not in UNJOINED | {
        "VARIATION",
        "COMBINING",
    }


def pictorial(character: str) -> bool:
    """Return whether the character is an emoji, a skin colour, or the selector that makes an emoji of a symbol."""
    return unicodedata.category(character) in ("So", "Sm", "Sk") or character == "\ufe0f"


def alphabets(word: str) -> set[str]:
    """Return the alphabets of a word's letters."""
    return {alphabet(character) for character in word if character.isalpha()}


def alphabet(character: str) -> str:
    """Return the first word of the character's Unicode name: LATIN, CYRILLIC, …; of a symbol something else."""
    return unicodedata.name(character, "").partition(" ")[0]


def tidy(name: str) -> str:
    """Return the name in composed characters, with single spaces and none at the ends."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", name)).strip()
