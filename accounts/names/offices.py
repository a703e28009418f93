"""Names of offices: who bears one would be taken for somebody who runs the site, or for the site itself."""

import re
import unicodedata
from functools import cache

from accounts.names.skeletons import NAME_LENGTH, SKELETON_LENGTH, skeletons, words

# Wherever they stand as a word: "Ada (moderator)".
RANKS = frozenset({
    "admin", "admins", "administrator", "administrators", "administration", "moderator", "moderators",
    "moderation", "mod", "mods", "sysadmin", "superuser", "webmaster", "postmaster", "hostmaster",
})  # fmt: skip
# Alone, or with nothing but such words beside them: "Support", "Help Desk", "The Owner". They are words of names as well.
OFFICES = RANKS | frozenset({
    "root", "system", "support", "staff", "owner", "owners", "security", "help", "helpdesk", "info",
    "operator", "operators", "official", "abuse", "noreply", "everyone", "here", "room", "all", "channel",
})  # fmt: skip
BESIDE = frozenset({
    "a", "the", "this", "our", "your", "of", "and", "for", "no", "reply", "site", "chat", "server", "team",
    "desk", "crew", "group", "account", "user", "bot", "service", "services", "message", "messages",
    "alert", "alerts", "notice", "notices",
})  # fmt: skip
# What stands for a letter without looking like it in every type.
LEET = str.maketrans("@43$57", "aaesst")


def is_office(name: str, site: str = "") -> bool:
    """Whether a name is an office's, or the `site`'s, in any form that looks like it."""
    text = unicodedata.normalize("NFKC", name[:NAME_LENGTH])[:SKELETON_LENGTH]
    return any(claims_office(form, site) for form in {text, text.translate(LEET)})


def claims_office(text: str, site: str) -> bool:
    said = [forms(word) for word in words(text)]
    ours = [keys(frozenset({word})) for word in words(site)]
    if any(word & keys(RANKS) for word in said):
        return True
    if said and all(word & keys(OFFICES | BESIDE).union(*ours) for word in said):
        office = any(word & keys(OFFICES) for word in said)
        return office or bool(ours and all(any(word & our for word in said) for our in ours))
    whole = forms(text)
    return bool(whole & keys(frozenset({site}))) or any(compound().fullmatch(form) for form in whole)


def forms(word: str) -> set[str]:
    """Skeletons of a word with and without digits at its ends: "admin2" claims the office, and so does "4dmin"."""
    return skeletons(word) | skeletons(word.strip("0123456789 ._-"))


@cache
def keys(known: frozenset[str]) -> frozenset[str]:
    """Skeletons of words, and with "l" for each "i": "adm1n" is read as "admin" though UTS 39 tells them apart."""
    found = {skeleton for word in known for skeleton in skeletons(word)}
    return frozenset(found | {skeleton.replace("i", "l") for skeleton in found})


@cache
def compound() -> re.Pattern[str]:
    """Such words run together, "siteadmin" or "supportteam", an office at the beginning or the end."""
    office, any_word = (
        "|".join(sorted(map(re.escape, keys(words)))) for words in (OFFICES, OFFICES | BESIDE)
    )
    return re.compile(rf"(?:{office})(?:{any_word})?|(?:{any_word})(?:{office})")
