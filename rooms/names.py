"""What rooms may be called."""

import re
import secrets

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from accounts.names import validate_visible
from chatsite.errors import Invalid
from rooms.models import Room

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
# Pages under /chat/ that are no room, and the mark of a direct room.
RESERVED = {"new", "direct"}
DIRECT_PREFIX = "d-"


def check_slug(slug: str) -> str:
    if not SLUG.fullmatch(slug) or slug in RESERVED or slug.startswith(DIRECT_PREFIX):
        raise Invalid.about("slug", "Use up to 64 small letters, digits, dashes and underscores.")
    return slug


def room_name(name: str) -> str:
    return checked("name", name, Room._meta.get_field("name").max_length, required=True)


def check_topic(topic: str) -> str:
    return checked("topic", topic, Room._meta.get_field("topic").max_length)


def checked(field: str, value: str, longest: int | None, required: bool = False) -> str:
    value = " ".join(value.split())
    try:
        validate_visible(value)
    except ValidationError as error:
        raise Invalid.about(field, str(error.message)) from None
    if required and not value:
        raise Invalid.about(field, "Give it a name.")
    if longest and len(value) > longest:
        raise Invalid.about(field, f"Use at most {longest} characters.")
    return value


def free_slug(name: str) -> str:
    """The name as an address, with a number behind it where it is taken, or a random one where nothing is left of it."""
    base = slugify(name)[:56].strip("-_")
    if not base:
        return f"room-{secrets.token_hex(4)}"
    if base.startswith(DIRECT_PREFIX):
        base = f"room-{base}"
    taken = set(Room.objects.filter(slug__startswith=base).values_list("slug", flat=True)) | RESERVED
    candidates = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if candidate not in taken)
