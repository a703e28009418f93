"""What the answers of push services mean (RFC 8030, and what services do)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Seconds that a service is left alone where it doesn't say for how long.
USUAL_WAIT_SECONDS, MAX_WAIT_SECONDS = 30.0, 3600.0
REFUSALS = {
    "url": "Its address is none of a push service.",
    "host": "Its address is one of this site.",
    "address": "Its address isn't public.",
    "unreachable": "The push service can't be reached.",
    "late": "The push service took too long.",
    "size": "The push service answered too much.",
    "broken": "The push service didn't answer properly.",
    "keys": "Its keys can't be used.",
}
# Of these, what another try won't change.
FINAL = {"url", "host", "address", "keys"}


@dataclass(frozen=True)
class Outcome:
    """What became of a push. `ended`: the service knows the device no more. `refused`: it is of no use to try again. `wait`:
    the seconds for which the service wants to be left alone. `status`: the number that it answered."""

    sent: bool = False
    ended: bool = False
    refused: bool = False
    answered: bool = False
    wait: float = 0.0
    status: int | None = None
    detail: str = ""


def outcome_of(answer: object) -> Outcome:
    """Return the outcome of one answer of the child, checked as if a stranger had sent it."""
    if not isinstance(answer, dict):
        return Outcome(detail="The push wasn't sent.")
    if isinstance(reason := answer.get("refused"), str):
        return Outcome(refused=reason in FINAL, detail=REFUSALS.get(reason, "The push wasn't sent."))
    status, retry_after = answer.get("status"), answer.get("retry_after")
    if type(status) is not int or not isinstance(retry_after, str):
        return Outcome(detail="The push wasn't sent.")
    return by_status(status, retry_after)


def by_status(status: int, retry_after: str) -> Outcome:
    """Return the outcome of a push service's answer."""
    detail = f"The push service answered {status}."
    if 200 <= status < 300:
        return Outcome(sent=True, answered=True, status=status)
    if status in (404, 410):
        return Outcome(ended=True, answered=True, status=status, detail=detail)
    if status == 429 or status >= 500:
        return Outcome(answered=status == 429, wait=seconds_of(retry_after), status=status, detail=detail)
    return Outcome(refused=True, answered=True, status=status, detail=detail)


def seconds_of(retry_after: str) -> float:
    """Return the seconds of a Retry-After header, which has them or a date."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return bounded(float(text))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return USUAL_WAIT_SECONDS
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return bounded((at - datetime.now(UTC)).total_seconds())


def bounded(seconds: float) -> float:
    return min(max(seconds, 1.0), MAX_WAIT_SECONDS)
