"""Checks of what people choose: an end, a status. All raise Invalid with `fields`."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import MAX_STATUS_LENGTH, Availability
from accounts.names import tidy, validate_visible
from accounts.status import own_emoji
from chatsite.contract.emoji import spelling_of
from chatsite.contract.errors import Invalid

# The latest end of a status or an availability.
MAX_LASTING = timedelta(days=366)


class Status(NamedTuple):
    """A status as it is stored; all empty for none."""

    emoji: str = ""
    text: str = ""
    until: datetime | None = None


def checked_status(given: dict[str, Any] | None) -> Status:
    """Return the status of `{"emoji"?, "text"?, "until"?}`; without emoji and text it is none."""
    emoji = checked_emoji((given or {}).get("emoji") or "")
    text = checked_text((given or {}).get("text") or "")
    if not (given and (emoji or text)):
        return Status()
    return Status(emoji, text, checked_end("status", given.get("until")))


def checked_emoji(value: str) -> str:
    """Return the spelling of an emoji of Unicode or of the site's own; empty for none."""
    known = (own_emoji.spelling_of(value) if value[:1] == ":" else spelling_of(value)) if value else ""
    if known is None:
        raise Invalid.about("status", "Use one emoji.")
    return known


def checked_text(value: str) -> str:
    """Return a status' text as one line. Invisible characters are refused, as in names."""
    text = tidy(value)
    if len(text) > MAX_STATUS_LENGTH:
        raise Invalid.about("status", f"Use at most {MAX_STATUS_LENGTH} characters.")
    try:
        validate_visible(text)
    except ValidationError as error:
        raise Invalid.about("status", error.messages[0]) from error
    return text


def checked_availability(choice: str, until: datetime | None) -> tuple[str, datetime | None]:
    """Return an availability and its end. What is automatic has none."""
    if choice not in Availability.values:
        raise Invalid.about("availability", f"Use one of {', '.join(Availability.values)}.")
    if choice == Availability.AUTOMATIC and until is not None:
        raise Invalid.about("availability_until", "Leave it out: what is automatic doesn't end.")
    return choice, checked_end("availability_until", until)


def checked_end(field: str, until: datetime | None) -> datetime | None:
    """Return an end, which is to come within a year."""
    if until is None:
        return None
    now = timezone.now()
    if not now < until <= now + MAX_LASTING:
        raise Invalid.about(field, "Use a time to come, within a year.")
    return until
