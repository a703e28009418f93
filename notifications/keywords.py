"""Keywords: words of people's own that are found in texts where words end, in any script and any case.

Chinese, Japanese, Thai and others write words without anything between them: there a word is found wherever it stands.
"""

import unicodedata
from collections.abc import Iterable

from chatsite.contract.errors import Invalid

MAX_KEYWORDS, MAX_KEYWORD_LENGTH = 50, 50
# Scripts that put nothing between words, by how Unicode's names of their letters begin.
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "BOPOMOFO", "YI ", "TIBETAN")


def fold(text: str) -> str:
    """Return the text in a form in which case and the ways to write a letter make no difference."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def tidied(words: Iterable[str]) -> list[str]:
    """Return keywords in their order, each once, with single blanks. Raises Invalid."""
    kept: dict[str, str] = {}
    for word in words:
        tidy = " ".join(word.split())
        if tidy:
            check(tidy)
            kept.setdefault(fold(tidy), tidy)
    if len(kept) > MAX_KEYWORDS:
        raise Invalid.about("keywords", f"Use at most {MAX_KEYWORDS} words.")
    return list(kept.values())


def check(word: str) -> None:
    """Raise Invalid for what can't be a keyword."""
    if len(word) > MAX_KEYWORD_LENGTH:
        raise Invalid.about("keywords", f"A word has at most {MAX_KEYWORD_LENGTH} characters.")
    if not any(map(str.isalnum, word)):
        raise Invalid.about("keywords", f"“{word}” has neither a letter nor a digit.")


def first_in(folded: str, keywords: Iterable[str]) -> str:
    """Return the first of these folded keywords that a folded text has; "" for none."""
    return next((word for word in keywords if word in folded and stands_in(folded, word)), "")


def stands_in(folded: str, word: str) -> bool:
    """Return whether the word stands in the text with the ends of words around it."""
    at = folded.find(word)
    while at >= 0:
        if border(folded, at) and border(folded, at + len(word)):
            return True
        at = folded.find(word, at + 1)
    return False


def border(text: str, at: int) -> bool:
    """Return whether a word may begin or end between these two characters."""
    if not 0 < at < len(text):
        return True
    before, after = text[at - 1], text[at]
    return not (in_word(before) and in_word(after)) or unspaced(before) or unspaced(after)


def in_word(character: str) -> bool:
    """Return whether the character is part of a word: a letter, a digit, a mark on one, or a low line."""
    return character == "_" or unicodedata.category(character)[0] in "LNM"


def unspaced(character: str) -> bool:
    """Return whether the character is of a script that puts nothing between words."""
    return unicodedata.name(character, "").startswith(UNSPACED)
