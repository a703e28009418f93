"""Reserved names of offices: their bearer would be taken for somebody who runs the site, or for the site itself."""

import re
import unicodedata
from functools import cache

from accounts.names.skeletons import NAME_LENGTH, SKELETON_LENGTH, skeletons, words

# Reserved as a word anywhere in a name: "Ada (moderator)".
RANKS = frozenset({
    "admin", "admins", "administrator", "administrators", "administration", "moderator", "moderators",
    "moderation", "mod", "mods", "sysadmin", "superuser", "webmaster", "postmaster", "hostmaster",
})  # fmt: skip
# Reserved alone, or beside nothing but such words: "Support", "Help Desk", "The Owner". They are parts of people's
# names too.
OFFICES = RANKS | frozenset({
    "root", "system", "support", "staff", "owner", "owners", "security", "help", "helpdesk", "info",
    "operator", "operators", "official", "abuse", "noreply", "everyone", "here", "room", "all", "channel",
})  # fmt: skip
BESIDE = frozenset({
    "a", "the", "this", "our", "your", "of", "and", "for", "no", "reply", "site", "chat", "server", "team",
    "desk", "crew", "group", "account", "user", "bot", "service", "services", "message", "messages",
    "alert", "alerts", "notice", "notices",
})  # fmt: skip
# Signs that replace a letter without resembling it in every typeface.
LEET = str.maketrans("@43$57", "aaesst")


def is_office(name: str, site: str = "") -> bool:
    """Return whether the name is that of an office or of the `site`, in any form that looks like it."""
    text = unicodedata.normalize("NFKC", name[:NAME_LENGTH])[:SKELETON_LENGTH]
    return any(claims_office(form, site) for form in {text, text.translate(LEET)})


def claims_office(text: str, site: str) -> bool:
    """Return whether a normalised name has an office's word, consists of such words alone, or is the site's name."""
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
    """Return skeletons of a word with and without digits at its ends: "admin2" and "4dmin" claim the office."""
    return skeletons(word) | skeletons(word.strip("0123456789 ._-"))


@cache
def keys(known: frozenset[str]) -> frozenset[str]:
    """Return skeletons of the words, also with "l" for each "i": people read "adm1n" as "admin" though UTS 39 tells
    them apart."""
    found = {skeleton for word in known for skeleton in skeletons(word)}
    return frozenset(found | {skeleton.replace("i", "l") for skeleton in found})


@cache
def compound() -> re.Pattern[str]:
    """Return a pattern of such words run together, "siteadmin" or "supportteam", with an office at one end."""
    office, any_word = (
        "|".join(sorted(map(re.escape, keys(words)))) for words in (OFFICES, OFFICES | BESIDE)
    )
    return re.compile(rf"(?:{office})(?:{any_word})?|(?:{any_word})(?:{office})")
