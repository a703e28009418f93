"""From a received file to its bytes on the disk, and its rows.

The order keeps every moment safe: a note in `incoming`, the bytes, the rows, and the note goes. What has a note of long ago
and no rows was given up, or its process was killed (`files.sweeping`).
"""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import BinaryIO, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, models, transaction

from accounts import quotas
from accounts.models import User
from chatsite.contract.errors import Conflict, QuotaExceeded, UnsupportedType
from chatsite.database.prepared import Given, Prepared, insert
from chatsite.realtime.queues.slots import Slots
from chatsite.realtime.scheduling.background import in_thread
from files.models import Blob, File
from files.moving import mover
from files.storage import local
from files.storage.keys import new_key
from files.uploading import doors, kinds, names
from files.uploading.excerpts import excerpt_of
from files.uploading.processing import Processed, Rejected, processed
from rooms import access

# Pictures and films in the child process at once: it does one job at a time, and people take turns. Those of one person that
# wait, and seconds: as many as may be sent at once, of many people.
PROCESSED_AT_ONCE, MAX_WAITING, WAIT_SECONDS = 1, 64, 60.0
decoding = Slots(PROCESSED_AT_ONCE, MAX_WAITING, WAIT_SECONDS)
FULL = {errno.ENOSPC, errno.EDQUOT}
TAKEN = "You have used this client_id for another file."
_sent_before = Prepared(
    lambda: File.objects.select_related("blob", "room").filter(
        owner_id=Given(0), client_id=Given(1, like=models.UUIDField())
    )
)


@dataclass(frozen=True)
class Upload:
    """What a client says of a file: the room for which it is, its name, its description, an id of the client's own, and
    the poster of a film, a picture's bytes."""

    room: str
    client_id: UUID
    name: str
    alt: str = ""
    poster: bytes = b""


class Seen(NamedTuple):
    """What is known of a received file's bytes: their type and their SHA-256."""

    type: kinds.FileType
    sha256: str


class Writer:
    """Takes the pieces of a file, in a thread: counts, hashes and writes them. The kind is judged by the first bytes.

    Raises TooLarge, UnsupportedType and QuotaExceeded."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.size = file, 0
        self._digest = hashlib.sha256()
        self._head = bytearray()
        # None until it is judged.
        self._type: kinds.FileType | None = None
        self._unsynced = 0

    def write(self, piece: bytes) -> None:
        self.size += len(piece)
        if doors.max_bytes() and self.size > doors.max_bytes():
            raise doors.too_large()
        if self._type is None:
            self._head += piece[: kinds.HEAD_BYTES - len(self._head)]
            if len(self._head) == kinds.HEAD_BYTES:
                self._judge()
        self._digest.update(piece)
        with disk_errors():
            local.written(self.file, piece)
            self._sync(len(piece))

    def _judge(self) -> kinds.FileType:
        """Judge the kind, by what has come. Raises UnsupportedType."""
        self._type = found = checked_kind(kinds.guess(bytes(self._head)))
        self._head.clear()
        return found

    def end(self) -> Seen:
        """Return what has been received. Raises UnsupportedType for a file of few bytes."""
        return Seen(self._type or self._judge(), self._digest.hexdigest())

    def _sync(self, count: int) -> None:
        self._unsynced += count
        if self._unsynced >= local.SYNC_BYTES:
            self._unsynced = 0
            os.fdatasync(self.file.fileno())


@contextmanager
def disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise QuotaExceeded(doors.DISK_IS_FULL) from None
        raise


def checked_kind(found: kinds.FileType | None) -> kinds.FileType:
    """Return the type of a file that is taken. Raises UnsupportedType for a picture that can't be cleaned, and a kind that
    FILE_KINDS doesn't name."""
    if found is None:
        raise UnsupportedType(str(Rejected("unsupported")))
    allowed = settings.FILE_KINDS
    if found.kind not in allowed:
        raise UnsupportedType(f"This site takes files of these kinds: {', '.join(sorted(allowed))}.")
    return found


def first_of(user: User, upload: Upload) -> File | None:
    """Return the file that the person has stored with this client_id. Raises Conflict where it is another, or is gone."""
    found = _sent_before.first(user.pk, upload.client_id)
    if found is None:
        return None
    same = found.room is not None and found.room.slug == upload.room and is_named(found, upload.name)
    if not same or found.released_at is not None:
        raise Conflict(TAKEN)
    return found


def is_named(file: File, name: str) -> bool:
    """Return whether a file came with this name; one that was encoded anew has another extension."""
    cleaned = names.cleaned(name)
    return file.name == cleaned or names.split(file.name)[0] == names.split(cleaned)[0]


def store(user: User, upload: Upload, file: BinaryIO, seen: Seen | None = None) -> tuple[File, bool]:
    """Store a received file, open for reading and writing and without a name on the disk; return its row and whether it is
    new. What of it was `seen` isn't looked at again. The person's rights are asked with the rows.

    Raises what the person's rights and quotas refuse, UnsupportedType, Conflict and Unavailable."""
    try:
        with stored(file, user.pk, upload.name, seen, upload.poster) as (blob, name):
            added = add(user, upload, name, blob)
        mover.soon()
        return added, True
    except IntegrityError:
        # The same upload, at the same time.
        first = first_of(user, upload)
        if first is None:
            raise
        return first, False


def add(user: User, upload: Upload, name: str, blob: Blob) -> File:
    """Add the rows of a file whose bytes are stored. Rights are asked anew: it may have taken minutes to come."""
    with transaction.atomic():
        quotas.lock_owner(user)
        doors.check_total(user, blob.size)
        room = access.posting_membership(user, upload.room).room
        insert(blob)
        return File.of(
            blob,
            owner=user,
            room=room,
            name=name,
            alt=upload.alt,
            client_id=upload.client_id,
        )


@contextmanager
def stored(
    file: BinaryIO, payer: int, name: str, seen: Seen | None = None, poster: bytes = b""
) -> Iterator[tuple[Blob, str]]:
    """Clean a file, and give its bytes and previews names on the disk; yield the Blob, which isn't in the database, and the
    file's cleaned name. A film's previews are its poster's. If the block raises, all is removed; a picture's own bytes are
    gone, too.

    Raises UnsupportedType, QuotaExceeded and Unavailable."""
    key = new_key()
    with noted(key):
        type_ = seen.type if seen else judged(file)
        with cleaned(file, type_, payer) as clean, posed(clean, poster, payer) as found, disk_errors():
            kept = in_thread(keep, file, found, key, seen.sha256 if seen else "")
            blob = blob_of(found, key, kept)
            name = name_of(name, type_, found)
            if blob.kind == "text":
                blob.excerpt = excerpt_of(file, name)
        yield blob, name
    doors.site_total.add(blob.size)


@contextmanager
def noted(key: str) -> Iterator[None]:
    """Keep bytes of a key below its note, and commit their rows, within the block. If it raises, the bytes are removed."""
    try:
        yield
    except (OperationalError, InterfaceError):
        # A commit without an answer may have been done: the note stays, and by it the sweep finds out.
        raise
    except BaseException:
        in_thread(local.delete, key, local.PREVIEWS)
        local.forget(key)
        raise
    local.forget(key)


def judged(file: BinaryIO) -> kinds.FileType:
    """Return the type of a file that is taken. Raises UnsupportedType."""
    return checked_kind(kinds.guess(os.pread(file.fileno(), kinds.HEAD_BYTES, 0)))


@contextmanager
def cleaned(file: BinaryIO, type_: kinds.FileType, payer: int) -> Iterator[Processed]:
    """Clean a file of that type for the block; what the child process has to do waits for the payer's turn."""
    turn = decoding.taken(payer) if type_.work else nullcontext()
    try:
        with turn, processed(file, local.folder(), type_) as found:
            yield found
    except Rejected as error:
        raise UnsupportedType(str(error)) from None


@contextmanager
def posed(found: Processed, poster: bytes, payer: int) -> Iterator[Processed]:
    """Give a film the previews of its poster for the block, and its size where nothing else tells that. A poster that is no
    proper picture is left out: the film is what was sent."""
    with ExitStack() as stack:
        if not poster or found.type.kind != "video":
            yield found
            return
        picture = pictured(stack, poster, None if found.type.work else payer)
        if picture is None:
            yield found
            return
        size = found if found.width and found.height else picture
        yield replace(
            found,
            width=size.width,
            height=size.height,
            previews=picture.previews,
            placeholder=picture.placeholder,
        )


def pictured(stack: ExitStack, poster: bytes, payer: int | None) -> Processed | None:
    """Return what the child process makes of a poster, whose files last as long as the stack; None for what is no picture.
    With a `payer` it waits for their turn; else the film has it."""
    file = stack.enter_context(tempfile.TemporaryFile(buffering=0))  # noqa: SIM115 (the stack closes it)
    local.written(file, poster)
    try:
        if payer is not None:
            stack.enter_context(decoding.taken(payer))
        found = stack.enter_context(processed(file, local.folder()))
    except Rejected:
        return None
    return found if found.type.kind == "picture" and found.previews else None


def name_of(name: str, type_: kinds.FileType, found: Processed) -> str:
    """Return the cleaned name of a file of that type, with the extension of the one to which a picture was encoded."""
    good = names.cleaned(name)
    encoded = found.clean is not None and type_ is not found.type
    return names.with_extension(good, found.type.extension) if encoded else good


def blob_of(found: Processed, key: str, kept: "Kept") -> Blob:
    return Blob(
        key=key,
        size=kept.size,
        sha256=kept.sha256,
        type=found.type.media_type,
        kind=found.type.kind,
        inline=found.inline,
        width=found.width,
        height=found.height,
        animated=found.frames > 1,
        duration=found.duration,
        previews={
            which: [preview.width, preview.height, kept.previews[which]]
            for which, preview in found.previews.items()
        },
        placeholder=found.placeholder,
    )


class Kept(NamedTuple):
    """Bytes that have a name on the disk: how many, their hash, and the bytes of each preview."""

    size: int
    sha256: str
    previews: dict[str, int]


# In a thread


def keep(file: BinaryIO, found: Processed, key: str, sha256: str) -> Kept:
    """Give the bytes and previews of a file their names, below a note that says so. Copies are kept of what the child has
    written: it may still have its files open."""
    local.note(key)
    for which, preview in found.previews.items():
        keep_copy(preview.file, key, which)
    sizes = {which: size_of(preview.file) for which, preview in found.previews.items()}
    if found.clean is not None:
        kept = Kept(size_of(found.clean), keep_copy(found.clean, key), sizes)
        # Closing them where nobody waits for it frees nothing then: that takes 1 ms for some MB.
        for done in (file, found.clean):
            os.ftruncate(done.fileno(), 0)
        return kept
    # A film was changed after it was hashed.
    digest = local.hashed(file) if found.type.work or not sha256 else sha256
    local.keep(file, key)
    return Kept(size_of(file), digest, sizes)


def keep_copy(source: BinaryIO, key: str, which: str = "") -> str:
    """Keep a copy of a file, and return its SHA-256."""
    with local.incoming() as copy:
        local.copied(source, copy)
        local.keep(copy, key, which)
        return local.hashed(copy)


def size_of(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size
