"""Parse the conversations of `talk/*.txt`, and generate variants of them.

A file has one room's talk. `@name = a, b, c` or `@name = 3..19` is a vocabulary; `{name}` in a line takes a word
from it, the same one within a conversation, and `{name2}` another. `[a|b|c]` is a choice, and `[=a|b|c]` one that
falls as the others of its conversation that begin so. A conversation begins with `--`; one that begins with `-- once`
is played once, with `-- last` at the very end. A line is `A: text`, or `A> text` where it answers the line before, or
`?A: text` where it may be left out. Indented lines belong to the text above them. A to E are people, cast anew each
time; a small name is a person. `{A}` is their name and `@A` mentions them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from textwrap import dedent

LINE = re.compile(r"(\??)([A-E]|[a-z_]+)([:>]) ?(.*)")
CHOICE = re.compile(r"\[(=?)([^\[\]]*\|[^\[\]]*)\]")
WORD_SLOT = re.compile(r"\{([a-z]+)([23]?)\}")
SENTENCE = re.compile(r"(^|[.?!] )([a-z])(?!\w*://)")
PERSON_SLOT = re.compile(r"\{([A-E])\}|@([A-E])\b")
RANGE = re.compile(r"(\d+)\.\.(\d+)")


@dataclass
class Line:
    who: str
    text: str
    answers: bool = False
    optional: bool = False


@dataclass
class Conversation:
    kind: str
    lines: list[Line] = field(default_factory=list)

    def parts(self) -> set[str]:
        """Return the letters that need a person."""
        named = {
            name
            for line in self.lines
            for match in PERSON_SLOT.finditer(line.text)
            for name in match.groups()
            if name
        }
        return named | {line.who for line in self.lines if line.who.isupper()}

    def people(self) -> set[str]:
        return {line.who for line in self.lines if not line.who.isupper()}


@dataclass
class Script:
    words: dict[str, list[str]]
    conversations: list[Conversation]

    def of_kind(self, kind: str) -> list[Conversation]:
        return [conversation for conversation in self.conversations if conversation.kind == kind]


@dataclass
class SpokenLine:
    who: str
    text: str
    answers: bool


def read(path: Path) -> Script:
    script = Script({}, [])
    for raw in path.read_text(encoding="utf-8").splitlines():
        if raw.startswith("@"):
            name, _, values = raw[1:].partition(" = ")
            script.words[name] = vocabulary(values)
        elif raw.startswith("--"):
            script.conversations.append(Conversation(raw[2:].strip()))
        elif match := LINE.fullmatch(raw):
            optional, who, mark, text = match.groups()
            script.conversations[-1].lines.append(Line(who, text, mark == ">", bool(optional)))
        elif script.conversations and script.conversations[-1].lines:
            script.conversations[-1].lines[-1].text += "\n" + raw
    return script


def vocabulary(values: str) -> list[str]:
    if match := RANGE.fullmatch(values):
        return [str(number) for number in range(int(match[1]), int(match[2]) + 1)]
    return values.split(", ")


class Variant:
    """One variant of a conversation: people for its letters, words for its slots."""

    def __init__(self, script: Script, cast: dict[str, str], names: dict[str, str], random: Random) -> None:
        self.script, self.cast, self.names, self.random = script, cast, names, random
        self.taken: dict[str, list[str]] = {}
        self.turn = random.randrange(60)

    def lines(self, conversation: Conversation) -> Iterator[SpokenLine]:
        skipped = False
        before = ""
        for line in conversation.lines:
            text = "" if line.optional and self.random.random() < 0.4 else self.text(line.text)
            who = self.cast.get(line.who, line.who)
            if text:
                yield SpokenLine(who, self.addressed(text, before, who), line.answers and not skipped)
                before = who
            # Without it an answer to a left-out line would answer the line before.
            skipped = not text

    def addressed(self, text: str, before: str, who: str) -> str:
        """Prefix 5 % of the answers with a mention of the person before."""
        if before in ("", who) or "@" in text or not text[0].isalpha() or self.random.random() > 0.05:
            return text
        return f"@{before} {text}"

    def text(self, text: str) -> str:
        while match := CHOICE.search(text):
            choices = match[2].split("|")
            choice = choices[self.turn % len(choices)] if match[1] else self.random.choice(choices)
            text = text[: match.start()] + choice + text[match.end() :]
        text = PERSON_SLOT.sub(lambda match: self.person(*match.groups()), WORD_SLOT.sub(self.word, text))
        first, _, rest = text.partition("\n")
        first = SENTENCE.sub(lambda match: match[1] + match[2].upper(), " ".join(first.split()))
        return f"{first}\n{dedent(rest)}".strip()

    def person(self, named: str | None, mentioned: str | None) -> str:
        return f"@{self.cast[mentioned]}" if mentioned else self.names[self.cast[named or ""]]

    def word(self, match: re.Match[str]) -> str:
        name, number = match[1], int(match[2] or 1)
        taken = self.taken.setdefault(name, [])
        while len(taken) < number:
            left = [word for word in self.script.words[name] if word not in taken]
            taken.append(self.random.choice(left))
        return taken[number - 1]


def cast_for(conversation: Conversation, members: Iterable[str], random: Random) -> dict[str, str]:
    """Assign random members to the letters; people whom the conversation names get no letter."""
    free = [member for member in members if member not in conversation.people()]
    parts = sorted(conversation.parts())
    return dict(zip(parts, random.sample(free, len(parts)), strict=True))
