"""Format times for clients: ISO 8601, UTC, milliseconds, ending in Z."""

from datetime import UTC, datetime
from functools import lru_cache


# Cached, as the messages of one batch have the same time.
@lru_cache(maxsize=256)
def iso(moment: datetime | None) -> str | None:
    """Format as `2026-11-23T10:00:00.123Z`; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
