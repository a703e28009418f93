"""Pictures that stand beside messages: avatars and the site's own emoji. They come whole, in a form of at most 1 MB, and
what is stored is what the child process makes of them. Their addresses have a version, so that browsers keep them."""

import hashlib
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone

from chatsite.contract.errors import ChatError, Invalid, NotFound, TooLarge, UnsupportedType
from chatsite.realtime.scheduling.background import in_thread
from files.models import Blob, File
from files.storage import local
from files.storage.keys import new_key
from files.uploading.kinds import FileType
from files.uploading.processing import Rejected

# The name of the field in forms and requests.
FIELD = "image"
KIB = 1024
HEADERS = {
    # For a year: another picture has another address.
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
T = TypeVar("T")


@contextmanager
def received(image: UploadedFile, max_bytes: int) -> Iterator[BinaryIO]:
    """Copy an upload to a temporary file that lasts for the block; the block may raise Rejected. Raises Invalid, TooLarge
    and UnsupportedType with the field's name."""
    size = image.size or 0
    if size > max_bytes:
        raise TooLarge.about(FIELD, f"Use at most {max_bytes // KIB} KB.")
    if not size:
        raise Invalid.about(FIELD, "This file is empty.")
    with tempfile.TemporaryFile(buffering=0) as file:
        for piece in image.chunks():
            file.write(piece)
        try:
            yield file
        except Rejected as rejected:
            raise refused(rejected) from None


def refused(rejected: Rejected) -> ChatError:
    """Return the contract's error of a picture that isn't taken."""
    error = TooLarge if rejected.reason == "too_large" else UnsupportedType
    return error.about(FIELD, str(rejected))


def stored(pictures: Mapping[str, BinaryIO], type_: FileType, save: Callable[[Blob], T], **about: Any) -> T:
    """Store copies of pictures (the blob's own bytes are that of the name ""), and return what `save(blob)` makes of it in
    one transaction; where it raises, the bytes go again. `about` are further columns of the Blob."""
    key = new_key()
    try:
        size, digest = in_thread(copy, key, pictures)
        with transaction.atomic():
            blob = Blob.objects.create(
                key=key, size=size, sha256=digest, type=type_.media_type, kind="picture", inline=True, **about
            )
            return save(blob)
    except BaseException:
        local.delete(key, [name for name in pictures if name])
        raise


def copy(key: str, pictures: Mapping[str, BinaryIO]) -> tuple[int, str]:
    """Copy pictures to the disk; return the bytes and the SHA-256 of the blob's own. It waits for the disk."""
    for which, picture in pictures.items():
        with local.incoming() as target:
            local.copied(picture, target)
            local.keep(target, key, which)
    own = pictures[""].fileno()
    data = os.pread(own, os.fstat(own).st_size, 0)
    return len(data), hashlib.sha256(data).hexdigest()


def release(file: File) -> None:
    """Give up a picture, within the transaction that takes its place away; the sweep takes the bytes."""
    file.released_at = timezone.now()
    file.save(update_fields=["released_at"])


def of_version(version: str, purpose: str) -> File:
    """Return the file of a picture's address, with its blob. Raises NotFound, also once it was given up."""
    try:
        pk = uuid.UUID(hex=version)
    except ValueError:
        raise NotFound("There is no such picture.") from None
    file = File.objects.kept().select_related("blob").filter(pk=pk, purpose=purpose).first()
    if file is None:
        raise NotFound("There is no such picture.")
    return file


def response(file: File, which: str = "") -> HttpResponse:
    """Answer with the bytes of a picture. They stay on this machine's disk, as they are small."""
    try:
        data = in_thread(local.path(file.blob.key, which).read_bytes)
    except FileNotFoundError:
        raise NotFound("There is no such picture.") from None
    return HttpResponse(data, content_type=file.blob.type, headers=HEADERS)
