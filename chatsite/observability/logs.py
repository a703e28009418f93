"""Format log records as text or JSON, one line each; only bugs add a traceback.

Lines never contain people's texts, passwords, cookies or tokens. Therefore a request is named by its view, not by its path
(an invite's path has its code), and quoted parts of an exception's message are replaced: they may be what a client sent.
"""

import json
import logging
import re
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

# Id of the HTTP request that the current greenlet answers: each greenlet has a context of its own.
request_id: ContextVar[str] = ContextVar("request_id", default="")

# Names of exception classes (or of their bases) that mean that another server can't be reached: logged without a traceback.
UNAVAILABLE_ERRORS = frozenset(
    {"OperationalError", "InterfaceError", "ConnectionError", "TimeoutError", "ConnectionInterrupted"}
)
# Their messages quote names of the code, never values, so quotes stay.
ERRORS_ABOUT_CODE = (AttributeError, ImportError, NameError, TypeError)
# A quoted part. An apostrophe within a word opens none; an unclosed quote extends to the end of the text. The possessive
# repeat prevents backtracking: with it forty backslashes and a line break took a minute.
QUOTED = re.compile(r"""(?:(?<!\w)|\bb)(['"])(?:\\.|(?!\1)[^\\])*+(?:\1|\\?\Z)""", re.DOTALL)
# Loggers whose messages quote what a client sent.
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
    """Limit gunicorn's lines about unreadable requests to LINES_PER_PERIOD in PERIOD_SECONDS, and count the rest.

    Without it three bytes of a stranger make a line of the log.
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
    """Format a record's message as one line: unprintable characters are escaped."""
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
    """Return the name of a request's view; "-" where there is none."""
    match = getattr(request, "resolver_match", None)
    return match.view_name if match is not None else "-"


def error_of(record: logging.LogRecord) -> BaseException | None:
    """Return the exception of a record; None for Django's security refusals, which are visitors' mistakes."""
    if record.name.startswith("django.security") or not record.exc_info:
        return None
    return record.exc_info[1]


def is_unavailable(error: BaseException) -> bool:
    return any(kind.__name__ in UNAVAILABLE_ERRORS for kind in type(error).__mro__)


def summary(error: BaseException) -> str:
    """Return an error's type and first line, without quoted parts. PostgreSQL's further lines have the values of the row."""
    said = str(error).strip().partition("\n")[0]
    if not isinstance(error, ERRORS_ABOUT_CODE):
        said = without_quotes(said)
    said = "".join(map(visible, said))
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def without_quotes(text: str) -> str:
    return QUOTED.sub("'…'", text)


def redacted_traceback(error: BaseException) -> str:
    """Format the traceback as Python does, with each message as `summary` gives it."""
    parts = [
        f"Traceback (most recent call last):\n{''.join(traceback.format_tb(each.__traceback__))}{summary(each)}"
        for each in causes(error)
    ]
    return "\nThen:\n".join(reversed(parts))


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its chain of causes and contexts."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
