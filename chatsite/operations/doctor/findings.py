"""Findings of the doctor: a sentence each, with advice for all but `ok`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Result of a check. `level` is "ok", "note" (fine for some sites) or "wrong"."""

    level: str
    topic: str
    sentence: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"{self.level:<6} {self.topic:<11} {self.sentence}"
        return f"{line}\n{'':19}→ {self.advice}" if self.advice else line


Findings = Iterator[Finding]
Check = Callable[[], Findings]


def ok(topic: str, sentence: str) -> Finding:
    return Finding("ok", topic, sentence)


def note(topic: str, sentence: str, advice: str) -> Finding:
    return Finding("note", topic, sentence, advice)


def wrong(topic: str, sentence: str, advice: str) -> Finding:
    return Finding("wrong", topic, sentence, advice)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type; drivers write many lines."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def guarded(topic: str, check: Check) -> Findings:
    """Run a check; an exception becomes a finding."""
    try:
        yield from check()
    except Exception as error:
        yield wrong(
            topic, f"could not be looked at: {type(error).__name__}: {first_line(error)}", "Tell us about it."
        )
