"""Names, topics and addresses of rooms."""

import re
import secrets

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from accounts.names import validate_visible
from chatsite.contract.errors import Invalid
from rooms.models import Room

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
# Pages under /chat/ that are no rooms, and the prefix of direct rooms.
RESERVED = {"new", "direct"}
DIRECT_PREFIX = "d-"
# Random end of a private room's address: 50 bits, which can't be guessed, in letters that can't be confused.
TAIL_LENGTH, TAIL_LETTERS = 10, "abcdefghijkmnpqrstuvwxyz23456789"
MAX_BASE_LENGTH = 64 - 1 - TAIL_LENGTH
# Rooms of one name whose addresses get a number before they get a random end.
MAX_NUMBERED = 50


def check_slug(slug: str) -> str:
    """Return the slug. Raises Invalid if it can't be an address."""
    if not SLUG.fullmatch(slug) or slug in RESERVED or slug.startswith(DIRECT_PREFIX):
        raise Invalid.about("slug", "Use up to 64 small letters, digits, dashes and underscores.")
    return slug


def room_name(name: str) -> str:
    """Return the name with single blanks. Raises Invalid."""
    return checked("name", name, Room._meta.get_field("name").max_length, required=True)


def check_topic(topic: str) -> str:
    """Return the topic with single blanks. Raises Invalid."""
    return checked("topic", topic, Room._meta.get_field("topic").max_length)


def checked(field: str, value: str, longest: int | None, required: bool = False) -> str:
    """Return the value with single blanks. Raises Invalid with the field's name."""
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


def new_slug(name: str, chosen: str | None, kind: str) -> str:
    """Return the address of a new room. A private room's has a random end, also if it was chosen: it then takes no
    name from others, and trying to make a room reveals no private one. Raises Invalid."""
    if chosen:
        check_slug(chosen)
    if kind == Room.Kind.PRIVATE:
        return hidden_slug(chosen or name)
    return chosen or free_slug(name)


def hidden_slug(name: str) -> str:
    """Return an address with a random end."""
    tail = "".join(secrets.choice(TAIL_LETTERS) for _ in range(TAIL_LENGTH))
    return f"{base_of(name) or 'room'}-{tail}"


def base_of(name: str) -> str:
    """Return the part of a name that an address can hold, with room for a number or a random end."""
    base = slugify(name)[:MAX_BASE_LENGTH].strip("-_")
    return f"room-{base}"[:MAX_BASE_LENGTH] if base.startswith(DIRECT_PREFIX) else base


def free_slug(name: str) -> str:
    """Return the name as an address: with a number if it is taken, random if nothing of it is left."""
    base = base_of(name)
    if not base:
        return f"room-{secrets.token_hex(4)}"
    candidates = [base, *(f"{base}-{number}" for number in range(2, MAX_NUMBERED + 1))]
    taken = set(Room.objects.filter(slug__in=candidates).values_list("slug", flat=True)) | RESERVED
    free = (candidate for candidate in candidates if candidate not in taken)
    return next(free, f"{base[: MAX_BASE_LENGTH - 8]}-{secrets.token_hex(4)}")
