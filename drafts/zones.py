"""Times that people choose for later, in their own zone."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from chatsite.contract.errors import Invalid
from chatsite.contract.zones import MAX_ZONE_LENGTH, checked_zone
from chatsite.web.fields import Text

# How far ahead a time may be.
AHEAD = timedelta(days=366)


def checked_time(field: str, chosen: datetime, zone: str) -> datetime:
    """Return the moment that was chosen, in UTC: one without an offset is of `zone`. Raises Invalid about `field` for one
    that is past or too far ahead, and about `time_zone`."""
    here = checked_zone("time_zone", zone)
    try:
        moment = (chosen if timezone.is_aware(chosen) else chosen.replace(tzinfo=here)).astimezone(UTC)
    except OverflowError as error:
        raise Invalid.about(field, "Choose a time within a year.") from error
    now = timezone.now()
    if moment <= now:
        raise Invalid.about(field, "Choose a time that is still to come.")
    if moment > now + AHEAD:
        raise Invalid.about(field, "Choose a time within a year.")
    # As clients are told it.
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Moment(serializers.DateTimeField):
    """A time in ISO 8601, with an offset or without; the service reads it in the person's zone."""

    def __init__(self, **kwargs: Any) -> None:
        # A field of a browser for local times would lose the offset.
        super().__init__(style={"base_template": "input.html", "input_type": "text"}, **kwargs)

    def enforce_timezone(self, value: datetime) -> datetime:
        return value

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss][Z]")
        return super().to_internal_value(value)


class Zone(Text):
    """The name of a time zone; UTC where it is left out."""

    def __init__(self, **kwargs: Any) -> None:
        about = "A name of the IANA's, such as Europe/Berlin. Times without an offset are of this zone."
        super().__init__(**{"max_length": MAX_ZONE_LENGTH, "help_text": about, **kwargs})
