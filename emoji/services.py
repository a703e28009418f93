"""Services of the site's own emoji: who may add and remove them.

All raise the contract's errors (`chatsite.contract.errors`).
"""

import json
import re
from functools import cache, partial

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import SiteSettings, User
from chatsite.contract.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded
from emoji import names
from emoji.models import CustomEmoji, RetiredEmoji
from files import small_pictures
from files.models import Blob, File
from files.uploading import kinds
from files.uploading.processing import emoji as made

# Bytes of a picture, and its longer side in pixels, but for animations.
MAX_BYTES, MAX_SIDE = 256 * 1024, 128
# Emoji of the site: their names are in every process's memory, and the picker shows them all.
MAX_EMOJI = 500
NAME = re.compile(r"[a-z0-9_+-]{2,32}", re.ASCII)
TAKEN = "There is an emoji of that name."
RETIRED = "Another emoji had that name, and messages have it still. Choose another name."


def standing() -> QuerySet[CustomEmoji]:
    """Return all of the site's own emoji by name, with what a payload needs."""
    return CustomEmoji.objects.select_related("file__blob", "added_by").order_by("name")


def may_add(user: User) -> bool:
    """Return whether the person may add emoji, by the site's settings."""
    return SiteSettings.load().lets_add_emoji(user)


def may_remove(user: User, emoji: CustomEmoji) -> bool:
    """Return whether the person may remove an emoji: administrators may, and whoever added it."""
    return user.is_superuser or emoji.added_by_id == user.pk


def add(user: User, name: str, image: UploadedFile) -> CustomEmoji:
    """Add an emoji. Raises Forbidden, Invalid, Conflict, TooLarge, UnsupportedType, QuotaExceeded, RateLimited and
    Unavailable, about `name` or `image`."""
    check_adding(user)
    name = checked_name(name)
    check_free(name)
    with small_pictures.received(user, image, MAX_BYTES) as file, made(file, MAX_SIDE) as (picture, found):
        about = {"width": found.width, "height": found.height, "animated": found.frames > 1}
        try:
            return small_pictures.stored({"": picture}, {}, found.type, partial(save, user, name), **about)
        except IntegrityError as error:  # somebody was faster
            raise Conflict.about("name", TAKEN) from error


def save(user: User, name: str, blob: Blob) -> CustomEmoji:
    """Store the rows of an emoji, of which the bytes are on the disk."""
    extension = kinds.TYPES[blob.type].extension
    file = File.of(blob, owner=user, purpose=File.Purpose.EMOJI, name=f"{name}.{extension}")
    emoji = CustomEmoji(name=name, file=file, added_by=user)
    emoji.save(force_insert=True)
    check_not_retired(name, blob)
    transaction.on_commit(names.changed, robust=True)
    return emoji


def check_adding(user: User) -> None:
    """Raise Forbidden for a person who may not add emoji."""
    if not may_add(user):
        raise Forbidden("You may not add emoji here.")


def checked_name(name: str) -> str:
    """Return a name in lower case and without colons around it. Raises Invalid for what can't be one."""
    name = name.strip().removeprefix(":").removesuffix(":").lower()
    if not NAME.fullmatch(name):
        raise Invalid.about("name", "Use 2 to 32 of the letters a to z, digits, _, + and -.")
    if name in unicode_names():
        raise Invalid.about("name", "Unicode has an emoji of that name.")
    return name


def check_free(name: str) -> None:
    """Raise Conflict for a name that is taken, and QuotaExceeded where the site has MAX_EMOJI."""
    if CustomEmoji.objects.filter(name=name).exists():
        raise Conflict.about("name", TAKEN)
    if CustomEmoji.objects.count() >= MAX_EMOJI:
        raise QuotaExceeded(f"The site has {MAX_EMOJI} emoji of its own, which is the most.")


def check_not_retired(name: str, blob: Blob) -> None:
    """Raise Conflict for a name that another picture had. Within the transaction that has taken the name: whoever removes an
    emoji gives that up with its name."""
    retired = RetiredEmoji.objects.filter(name=name).first()
    if retired is None:
        return
    if retired.sha256 != blob.sha256:
        raise Conflict.about("name", RETIRED)
    retired.delete()


@cache
def unicode_names() -> frozenset[str]:
    """Return the short names of Unicode's emoji, as the picker has them."""
    table = settings.BASE_DIR / "static/vendor/emoji/en.json"
    rows = json.loads(table.read_text(encoding="utf-8"))["emoji"]
    return frozenset(name for row in rows for name in row[4].split())


def found(name: str) -> CustomEmoji:
    """Return an emoji by its name. Raises NotFound."""
    emoji = standing().filter(name=name.strip(":").lower()).first()
    if emoji is None:
        raise NotFound("There is no such emoji.")
    return emoji


@transaction.atomic
def remove(user: User, emoji: CustomEmoji) -> None:
    """Remove an emoji: texts and reactions show its name from then on, which stays theirs. Raises Forbidden."""
    if not may_remove(user, emoji):
        raise Forbidden("Only administrators and whoever added an emoji remove it.")
    RetiredEmoji.objects.update_or_create(name=emoji.name, defaults={"sha256": emoji.file.blob.sha256})
    emoji.delete()
    small_pictures.release(emoji.file_id)
    transaction.on_commit(names.changed, robust=True)
