"""Log lines, as text or JSON: one for each thing that happened, and several only where a fault of ours needs its traceback.

What people write, their passwords, cookies and tokens never stand in them. So paths are told by the names of their views
(an invite's has its code), and of an exception's message what stands in quotes is left out: it may be what somebody sent.
"""

import json
import logging
import re
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

# Of the HTTP request that this greenlet answers: each greenlet has a context of its own.
request_id: ContextVar[str] = ContextVar("request_id", default="")

# Something else is away, by its own name or by that of a class above it; a traceback would say nothing about it.
UNAVAILABLE_ERRORS = frozenset(
    {"OperationalError", "InterfaceError", "ConnectionError", "TimeoutError", "ConnectionInterrupted"}
)
# Python says these of its own names, not of values.
ERRORS_ABOUT_CODE = (AttributeError, ImportError, NameError, TypeError)
# An apostrophe within a word is none; a quote that isn't closed goes to the end, over line breaks too. Nothing is tried a
# second time: forty backslashes and a line break took a minute.
QUOTED = re.compile(r"""(?:(?<!\w)|\bb)(['"])(?:\\.|(?!\1)[^\\])*+(?:\1|\\?\Z)""", re.DOTALL)
# Programs that quote what a client sent.
QUOTING_LOGGERS = ("gunicorn", "django.security")


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        about = f" request={request_id.get()}" if request_id.get() else ""
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {message(record)}"
        error = error_of(record)
        if error is None:
            return line + about
        if is_unavailable(error):
            return f"{line}: {summary(error)}{about}"
        return f"{line}{about}\n{redacted_traceback(error)}"


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        error = error_of(record)
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message(record),
            "request": request_id.get() or None,
            **getattr(record, "fields", {}),
            "error": summary(error) if error else None,
            "traceback": redacted_traceback(error) if error and not is_unavailable(error) else None,
        }
        return json.dumps({name: value for name, value in line.items() if value is not None}, default=str)


class InvalidRequestFilter(logging.Filter):
    """Let through so many of gunicorn's lines about requests that can't be read, and say then how many there were.

    Each is a line for what may be three bytes of a stranger's.
    """

    PREFIX, LINES_PER_PERIOD, PERIOD_SECONDS = "Invalid request from ip=", 20, 60.0

    def __init__(self) -> None:
        super().__init__()
        self._since, self._lines, self._left_out = 0.0, 0, 0

    def filter(self, record: logging.LogRecord) -> bool:
        if not str(record.msg).startswith(self.PREFIX):
            return True
        if record.created - self._since > self.PERIOD_SECONDS:
            if self._left_out:
                record.msg = f"{record.msg} ({self._left_out} more were not told)"
            self._since, self._lines, self._left_out = record.created, 0, 0
        self._lines += 1
        if self._lines > self.LINES_PER_PERIOD:
            self._left_out += 1
        return self._lines <= self.LINES_PER_PERIOD


FORMATTERS = {"text": TextFormatter, "json": JsonFormatter}


def message(record: logging.LogRecord) -> str:
    """One line, whatever is in it."""
    request = getattr(record, "request", None)
    if record.name == "django.security.DisallowedHost":
        sentence = record.getMessage().partition(" You may need")[0]
        text = f"{sentence} If it is yours, set SITE_URL, or add it to EXTRA_HOSTS."
    elif request is not None and isinstance(record.args, tuple):
        path = getattr(request, "path", None)
        text = str(record.msg) % tuple(view_of(request) if each == path else each for each in record.args)
    elif str(record.msg).startswith("Error handling request"):
        text = "Error handling request"
    else:
        text = record.getMessage()
        text = without_quotes(text) if record.name.startswith(QUOTING_LOGGERS) else text
    return text if text.isprintable() else "".join(map(visible, text))


def visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def view_of(request: Any) -> str:
    """The name of the view that a request is for; "-" where there is none."""
    match = getattr(request, "resolver_match", None)
    return match.view_name if match is not None else "-"


def error_of(record: logging.LogRecord) -> BaseException | None:
    """What Django refuses for safety is a visitor's mistake: the line says it all."""
    if record.name.startswith("django.security") or not record.exc_info:
        return None
    return record.exc_info[1]


def is_unavailable(error: BaseException) -> bool:
    return any(kind.__name__ in UNAVAILABLE_ERRORS for kind in type(error).__mro__)


def summary(error: BaseException) -> str:
    """Its type and what it says, in one line: PostgreSQL's further ones are the values of the row."""
    said = str(error).strip().partition("\n")[0]
    if not isinstance(error, ERRORS_ABOUT_CODE):
        said = without_quotes(said)
    said = "".join(map(visible, said))
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def without_quotes(text: str) -> str:
    return QUOTED.sub("'…'", text)


def redacted_traceback(error: BaseException) -> str:
    """Like Python's own, but for what `summary` leaves out."""
    parts = [
        f"Traceback (most recent call last):\n{''.join(traceback.format_tb(each.__traceback__))}{summary(each)}"
        for each in causes(error)
    ]
    return "\nThen:\n".join(reversed(parts))


def causes(error: BaseException) -> Iterator[BaseException]:
    """It, and what it came of."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
