"""Pictures that stand beside messages: avatars and the site's own emoji. They come whole, in a form of at most 1 MB, and
what is stored is what the child process makes of them. Their addresses have a version, so that browsers keep them."""

import re
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.models import User
from chatsite.contract.errors import ChatError, Invalid, NotFound, TooLarge, UnsupportedType
from chatsite.realtime.scheduling.background import in_thread
from files.models import Blob, File
from files.serving import answers
from files.storage import local
from files.storage.keys import new_key
from files.sweeping import sweeper
from files.uploading import doors
from files.uploading.kinds import FileType
from files.uploading.processing import Rejected
from files.uploading.storing import decoding, disk_errors, keep_copy, noted, size_of

# The name of the field in forms and requests.
FIELD = "image"
KIB = 1024
# For a year: another picture has another address.
FOR_GOOD = "private, max-age=31536000, immutable"
# A File's id.
VERSION = re.compile(r"[0-9a-f]{32}", re.ASCII)
T = TypeVar("T")


@contextmanager
def received(user: User, image: UploadedFile, max_bytes: int) -> Iterator[BinaryIO]:
    """Copy an upload to a temporary file that lasts for the block, which has the child process for itself and may raise
    Rejected. Raises Invalid, TooLarge and UnsupportedType with the field's name, RateLimited, QuotaExceeded and
    Unavailable."""
    size = image.size or 0
    if size > max_bytes:
        raise too_large(max_bytes)
    if not size:
        raise Invalid.about(FIELD, "This file is empty.")
    doors.check_room(user, size)
    doors.count(user)
    with tempfile.TemporaryFile(buffering=0) as file:
        for piece in image.chunks():
            local.written(file, piece)
        try:
            with decoding.taken(user.pk):
                yield file
        except Rejected as rejected:
            raise refused(rejected) from None


def too_large(max_bytes: int) -> TooLarge:
    return TooLarge.about(FIELD, f"Use at most {max_bytes // KIB} KB.")


def refused(rejected: Rejected) -> ChatError:
    """Return the contract's error of a picture that isn't taken."""
    error = TooLarge if rejected.reason == "too_large" else UnsupportedType
    return error.about(FIELD, str(rejected))


def stored(
    pictures: Mapping[str, BinaryIO],
    sides: Mapping[str, int],
    type_: FileType,
    save: Callable[[Blob], T],
    **about: Any,
) -> T:
    """Store copies of pictures by name (the blob's own bytes are that of the name ""; `sides` are those of the other,
    square ones), and return what `save(blob)` makes of it in one transaction; where it raises, the bytes go again. `about`
    are further columns of the Blob."""
    key = new_key()
    with noted(key):
        with disk_errors():
            digest = in_thread(keep, key, pictures)
        with transaction.atomic():
            return save(
                Blob.objects.create(
                    key=key,
                    size=size_of(pictures[""]),
                    sha256=digest,
                    type=type_.media_type,
                    kind=type_.kind,
                    inline=True,
                    previews={name: [side, side, size_of(pictures[name])] for name, side in sides.items()},
                    **about,
                )
            )


def keep(key: str, pictures: Mapping[str, BinaryIO]) -> str:
    """Keep copies of pictures, below a note that says so; return the SHA-256 of the blob's own. It waits for the disk."""
    local.note(key)
    digests = {which: keep_copy(picture, key, which) for which, picture in pictures.items()}
    return digests[""]


def release(pk: uuid.UUID) -> None:
    """Give up a picture, within the transaction that takes its place away; the sweep takes the bytes."""
    File.objects.kept().filter(pk=pk).update(released_at=timezone.now())
    transaction.on_commit(sweeper.soon, robust=True)


def of_version(version: str, purpose: str) -> File:
    """Return the file of a picture's address, with its blob. Raises NotFound, also once it was given up."""
    file = None
    if VERSION.fullmatch(version):
        found = File.objects.kept().select_related("blob")
        file = found.filter(pk=uuid.UUID(version), purpose=purpose).first()
    if file is None:
        raise NotFound("There is no such picture.")
    return file


def answer(request: HttpRequest, wanted: answers.Wanted) -> HttpResponseBase:
    """Answer with a picture that never changes. Raises NotFound."""
    response = answers.answer(request, wanted)
    response["Cache-Control"] = FOR_GOOD
    return response
