"""Mentions of people and links to rooms."""

import re
from collections.abc import Mapping
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from messaging.rendering.addresses import BARE, LINK_STEPS, Attributes, bare, link, text

# A link to a room as `target` has it, with the text in it.
ROOM_LINK = re.compile(r'<a class="room-link"[^>]* data-room="(?P<slug>[^"]*)"[^>]*>(?P<text>[^<]*)</a>')
# After an ASCII letter, digit or sign of a username there is no mention, as in `mail@ada`; after any other letter
# there is: Chinese and Japanese have no blanks between words.
NAME = (
    r"(?P<name>(?<![A-Za-z0-9_.@-])[@\uff20][A-Za-z0-9_.-]{3,32}+(?![A-Za-z0-9_@\uff20])"
    r"|(?<![A-Za-z0-9_.@\#/&-])\#[a-z0-9][a-z0-9_-]{0,63}+(?![A-Za-z0-9_@\uff20]))"
)
NAMES = re.compile(NAME)
# Words that call everybody in a room, or everybody in it who is online; nobody can have them as a username any more.
CALLS = frozenset({"room", "here"})
LINKS = re.compile(f"{NAME}|{BARE}")


def names_in(body: str) -> tuple[set[str], set[str]]:
    """Return possible usernames (lower case) and possible slugs: the words after `@` and `#`."""
    if "@" not in body and "#" not in body and "\uff20" not in body:
        return set(), set()
    words = [word for match in NAMES.finditer(body) for word in spellings(match[0])]
    return (
        {word[1:].lower() for word in words if word[0] != "#"},
        {word[1:] for word in words if word[0] == "#"},
    )


def spellings(word: str) -> list[str]:
    """Return the word, and the word without signs at its end: `@ada.` is `@ada` unless there is an `ada.`."""
    return [word, stem] if (stem := word.rstrip(".-_")) != word and len(stem) > 1 else [word]


def link_names(state: StateCore) -> None:
    """Link mentions, rooms and addresses in plain text: not in code, nor inside another link."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = linked(block.children, state.md, state.env)


def linked(tokens: list[Token], parser: MarkdownIt, env: Mapping[str, Any]) -> list[Token]:
    """Return tokens in which text outside links is linked."""
    result: list[Token] = []
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        result += split(token, parser, env) if token.type == "text" and not depth else [token]
    return result


def split(token: Token, parser: MarkdownIt, env: Mapping[str, Any]) -> list[Token]:
    """Return the tokens of a text with its links."""
    parts: list[Token] = []
    end = 0
    for match in LINKS.finditer(token.content):
        found = target(match["name"], env) if match["name"] else bare(match, parser, env)
        if found is None:
            continue
        env["steps"].take(LINK_STEPS)
        word, attributes = found
        parts += [text(token.content[end : match.start()]), *link(word, attributes)]
        end = match.start() + len(word)
    return [*parts, text(token.content[end:])]


def target(name: str, env: Mapping[str, Any]) -> tuple[str, Attributes] | None:
    """Return the word and its link's attributes if it names a known person or room."""
    for word in spellings(name):
        if word[0] != "#" and (username := env["people"].get(word[1:].lower())):
            return word, {"class": "mention", "href": f"/people/{username}", "data-user": username}
        if word[0] != "#" and word[1:].lower() in env["calls"]:
            return word, {"class": "mention", "data-call": word[1:].lower()}
        if word[0] == "#" and word[1:] in env["rooms"]:
            return word, {"class": "room-link", "href": f"/chat/{word[1:]}", "data-room": word[1:]}
    return None


def without_link(html: str, slug: str) -> str:
    """Return the HTML of a text without links to this room, with their words."""
    return ROOM_LINK.sub(lambda link: link["text"] if link["slug"] == slug else link[0], html)
