"""The one exception of this package."""


class Refused(Exception):
    """A file that can't be made safe. `reason` is one of REASONS."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


# "damaged": it isn't what it begins as, or is cut short. "too_large": in bytes, parts or pixels. "unsupported": a form of
# its type from which nothing is removed here. "metadata": some would be left.
DAMAGED, TOO_LARGE, UNSUPPORTED, METADATA = REASONS = ("damaged", "too_large", "unsupported", "metadata")
