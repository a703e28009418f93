"""The one way a time is written to clients: ISO 8601, UTC, milliseconds, ending in Z."""

from datetime import UTC, datetime
from functools import lru_cache


# What is stored together has one time.
@lru_cache(maxsize=256)
def iso(moment: datetime | None) -> str | None:
    """`2026-11-23T10:00:00.123Z`, or None for a time that never came."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
