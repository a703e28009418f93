"""The site's own emoji in a status, as the app `emoji` knows them, which is above this one."""

from collections.abc import Callable
from typing import Any


def unknown(emoji: str) -> str | None:
    """The answer until `emoji` sets its own: there are none."""
    return None


# Return the spelling of `:name:` if the site has an emoji of that name, and the address of its picture. Set by
# EmojiConfig.
spelling_of: Callable[[str], str | None] = unknown
image_of: Callable[[str], str | None] = unknown


def shown(status: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a status with the address of its emoji's picture as `image`, as templates show it."""
    return status and {**status, "image": image_of(status["emoji"])}
