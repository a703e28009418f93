"""What rooms may be called."""

import re
import secrets

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from accounts.names import validate_visible
from chatsite.contract.errors import Invalid
from rooms.models import Room

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
# Pages under /chat/ that are no room, and the mark of a direct room.
RESERVED = {"new", "direct"}
DIRECT_PREFIX = "d-"
# 50 bits: nobody finds one by trying. No letters that look like others.
TAIL_LENGTH, TAIL_LETTERS = 10, "abcdefghijkmnpqrstuvwxyz23456789"
MAX_BASE_LENGTH = 64 - 1 - TAIL_LENGTH
# Rooms of the same name whose addresses are told apart by a number.
MAX_NUMBERED = 50


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


def new_slug(name: str, chosen: str | None, kind: str) -> str:
    """The address of a room that is to be made. A private room's has a random tail, also one that was chosen: so it takes
    nothing that anybody else could ask for, and whether there is a private room of some name can't be found out by trying to
    make another. Raises Invalid for what can be no address."""
    if chosen:
        check_slug(chosen)
    if kind == Room.Kind.PRIVATE:
        return hidden_slug(chosen or name)
    return chosen or free_slug(name)


def hidden_slug(name: str) -> str:
    tail = "".join(secrets.choice(TAIL_LETTERS) for _ in range(TAIL_LENGTH))
    return f"{base_of(name) or 'room'}-{tail}"


def base_of(name: str) -> str:
    """What is left of a name in an address, with room for a number or a tail behind it."""
    base = slugify(name)[:MAX_BASE_LENGTH].strip("-_")
    return f"room-{base}"[:MAX_BASE_LENGTH] if base.startswith(DIRECT_PREFIX) else base


def free_slug(name: str) -> str:
    """The name as an address, with a number behind it where it is taken, or a random one where nothing is left of it."""
    base = base_of(name)
    if not base:
        return f"room-{secrets.token_hex(4)}"
    candidates = [base, *(f"{base}-{number}" for number in range(2, MAX_NUMBERED + 1))]
    taken = set(Room.objects.filter(slug__in=candidates).values_list("slug", flat=True)) | RESERVED
    free = (candidate for candidate in candidates if candidate not in taken)
    return next(free, f"{base[: MAX_BASE_LENGTH - 8]}-{secrets.token_hex(4)}")
