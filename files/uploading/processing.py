"""What a new file is, and its clean form: the server's side of the child process "decode".

What the child answers is checked as if a stranger had sent it: a picture may have taken it over.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from chatsite.realtime.scheduling.background import in_thread
from chatsite.subprocesses.supervisor import Child, ChildFailed, Kind
from files.uploading import kinds
from files.uploading.kinds import FileType

# The child's limits are in `Limits`: one of 50 megapixels takes 0.8 GB of memory, and a clean copy has as much as it.
decoder = Child(Kind("decode", "files.pictures.jobs"))

# Bytes of a picture that is cleaned. Re-encoded ones may be larger, up to the child's limit of a file.
MAX_PICTURE_BYTES = 100_000_000
# Bytes that a clean copy may have more than the picture: the EXIF that says which side is up.
MAX_GROWTH_BYTES = 200
MAX_PREVIEW_BYTES = 4_000_000
# Numbers in an answer: pixels of a side, frames, seconds, changes in a film.
MAX_SIDE, MAX_FRAMES, MAX_SECONDS, MAX_CHANGES = 1 << 31, 1_000_000, 10_000_000, 2000
PLACEHOLDER = re.compile(r"(data:image/webp;base64,[A-Za-z0-9+/]{1,180}={0,2})?", re.ASCII)
# Bytes of zeros that are written at once.
PIECE_BYTES = 65_536
# Types of pictures that come back as another.
ENCODED = {"image/bmp": "image/png", "image/tiff": "image/png"}
# Why a file is refused, by the child's word.
SENTENCES = {
    "damaged": "This picture is damaged, or cut short.",
    "too_large": "This picture is too large to be cleaned of where it was taken.",
    "unsupported": "Pictures of this type can't be cleaned of where they were taken. Send it as JPEG, PNG or WebP.",
    "metadata": "This picture can't be cleaned of where it was taken.",
    "failed": "This picture can't be opened safely.",
    "no_picture": "Choose a picture: JPEG, PNG, GIF, WebP or AVIF.",
}


class Rejected(Exception):
    """A file that isn't taken. `reason` is a key of SENTENCES, the message its sentence."""

    def __init__(self, reason: str) -> None:
        self.reason = reason if reason in SENTENCES else "failed"
        super().__init__(SENTENCES[self.reason])


@dataclass(frozen=True)
class Preview:
    """A WebP in a temporary file, with its size in pixels."""

    file: BinaryIO
    width: int
    height: int


@dataclass(frozen=True)
class Processed:
    """A file as it is kept. `clean` is the temporary file that takes its place, or None where it stays; `inline` says
    whether a browser may show it. What isn't known, or isn't there, is None or "".

    Store copies of `clean` and of the previews, never these files themselves: a child that was taken over could keep
    them open, and write into them later."""

    type: FileType
    inline: bool
    clean: BinaryIO | None = None
    width: int | None = None
    height: int | None = None
    frames: int = 1
    duration: float | None = None
    previews: Mapping[str, Preview] = field(default_factory=dict)
    placeholder: str = ""


@contextmanager
def processed(
    file: BinaryIO, folder: Path | None = None, type_: FileType | None = None
) -> Iterator[Processed]:
    """Tell what a file is, if its type isn't known, and clean it of metadata; the temporary files, in `folder`, last for the
    block. A film is changed in place.

    `file` is open for reading and writing, and its bytes are on the disk (flushed). Raises Rejected, or Unavailable if
    too many wait or the child doesn't start."""
    type_ = type_ or kind_of(file)
    with ExitStack() as stack:
        if not type_.work:
            yield Processed(type_, type_.inline)
        elif type_.kind == "picture":
            outputs = [stack.enter_context(tempfile.TemporaryFile(buffering=0, dir=folder)) for _ in range(3)]
            yield picture(file, type_, outputs)
        else:
            yield film(file, type_)


def kind_of(file: BinaryIO) -> FileType:
    """Tell a file's type by its content. Raises Rejected for pictures that can't be cleaned."""
    found = kinds.guess(os.pread(file.fileno(), kinds.HEAD_BYTES, 0))
    if found is None:
        raise Rejected("unsupported")
    return found


def picture(file: BinaryIO, type_: FileType, outputs: list[Any]) -> Processed:
    answer = asked(
        {
            "type": type_.media_type,
            "max_pixels": settings.PICTURE_MEGAPIXELS * 1_000_000,
            "max_bytes": MAX_PICTURE_BYTES,
        },
        file,
        outputs,
    )
    clean, small, large = outputs
    try:
        found = Processed(
            checked_copy(clean, file, type_, answer["type"]),
            inline=False,
            clean=clean,
            width=maybe(answer["width"], MAX_SIDE),
            height=maybe(answer["height"], MAX_SIDE),
            frames=number(answer["frames"], MAX_FRAMES),
            previews={
                name: preview(output, answer[name])
                for name, output in (("small", small), ("large", large))
                if answer[name] is not None
            },
            placeholder=placeholder(answer["placeholder"]),
        )
    except (KeyError, TypeError, ValueError):
        raise Rejected("failed") from None
    # What no preview could be made of may harm a browser, too.
    return replace(found, inline=found.type.inline and bool(found.previews))


@contextmanager
def squares(file: BinaryIO, sides: Sequence[int]) -> Iterator[list[BinaryIO]]:
    """Make square WebP pictures of these sides, of the middle of a picture, in temporary files that last for the block.
    Raises what `processed` raises."""
    with ExitStack() as stack:
        outputs: list[Any] = [stack.enter_context(tempfile.TemporaryFile(buffering=0)) for _ in sides]
        asked(small_job(file, squares=list(sides)), file, outputs)
        for output in outputs:
            checked_webp(output)
        yield outputs


@contextmanager
def emoji(file: BinaryIO, side: int) -> Iterator[tuple[BinaryIO, Processed]]:
    """Make an emoji of a picture, in a temporary file that lasts for the block: a WebP whose longer side is at most `side`,
    or an animation as it is but for its metadata. Raises what `processed` raises."""
    with ExitStack() as stack:
        output: Any = stack.enter_context(tempfile.TemporaryFile(buffering=0))
        answer = asked(small_job(file, emoji=side), file, [output])
        size = os.fstat(output.fileno()).st_size
        try:
            type_ = kinds.TYPES[answer["type"]]
            width, height = number(answer["width"], MAX_SIDE), number(answer["height"], MAX_SIDE)
            animated = answer["animated"] is True
            if kind_of(output) is not type_ or not type_.inline or size > MAX_PREVIEW_BYTES:
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise Rejected("failed") from None
        # Pictures of one frame are those that have been encoded here.
        yield output, Processed(type_, True, output, width, height, frames=2 if animated else 1)


def small_job(file: BinaryIO, **wanted: Any) -> dict[str, Any]:
    """Return a job that makes small pictures of a picture. Raises Rejected for other files."""
    type_ = kind_of(file)
    if type_.kind != "picture" or not type_.work:
        raise Rejected("no_picture")
    return {"type": type_.media_type, "max_pixels": settings.PICTURE_MEGAPIXELS * 1_000_000, **wanted}


def film(file: BinaryIO, type_: FileType) -> Processed:
    """Clean a film in place. What can't be read is kept as a download, as other files are."""
    try:
        answer = asked({"type": type_.media_type}, file, [])
        size = os.fstat(file.fileno()).st_size
        changes = film_changes(answer, size)
        width, height = maybe(answer["width"], MAX_SIDE), maybe(answer["height"], MAX_SIDE)
        duration = seconds(answer["duration"])
    except (Rejected, KeyError, TypeError, ValueError):
        return Processed(kinds.UNKNOWN, inline=False)
    in_thread(change, file, *changes)
    return Processed(type_, type_.inline, width=width, height=height, duration=duration)


def asked(job: dict[str, Any], file: BinaryIO, outputs: list[BinaryIO]) -> dict[str, Any]:
    """Return the child's answer. Raises Rejected where it refuses the file, or fails."""
    # Opened anew: for reading alone, and with a position of its own.
    source = os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY)
    try:
        answer = decoder.ask(job, [source, *(output.fileno() for output in outputs)])
    except ChildFailed:
        raise Rejected("failed") from None
    finally:
        os.close(source)
    if "refused" in answer:
        raise Rejected(str(answer["refused"]))
    return answer


def checked_copy(clean: BinaryIO, file: BinaryIO, type_: FileType, name: object) -> FileType:
    """Return the type of a clean copy, if it is what it has to be."""
    wanted = kinds.TYPES[ENCODED.get(type_.media_type, type_.media_type)]
    size, before = (os.fstat(each.fileno()).st_size for each in (clean, file))
    if type_ is wanted and size > before + MAX_GROWTH_BYTES:
        raise ValueError
    if name != wanted.media_type or kind_of(clean) is not wanted:
        raise ValueError
    return wanted


def checked_webp(file: BinaryIO) -> None:
    """Raise Rejected for what is no small WebP."""
    head = os.pread(file.fileno(), 12, 0)
    if not (
        head[:4] == b"RIFF" and head[8:] == b"WEBP" and os.fstat(file.fileno()).st_size <= MAX_PREVIEW_BYTES
    ):
        raise Rejected("failed")


def preview(file: BinaryIO, size: object) -> Preview:
    if not isinstance(size, list) or len(size) != 2:
        raise ValueError
    checked_webp(file)
    return Preview(file, number(size[0], MAX_SIDE), number(size[1], MAX_SIDE))


def placeholder(value: object) -> str:
    if not isinstance(value, str) or not PLACEHOLDER.fullmatch(value):
        raise ValueError
    return value


def film_changes(answer: dict[str, Any], size: int) -> tuple[list[int], list[tuple[int, int]]]:
    """Check the changes in a film of `size` bytes: where a name becomes `free`, and where bytes become zeros, as places with
    lengths. In all they are no longer than the film."""
    renames, zeros = answer["renames"], answer["zeros"]
    if len(renames) + len(zeros) > MAX_CHANGES:
        raise ValueError
    spans = [(number(offset, size, 0), number(count, size)) for offset, count in zeros]
    if sum(count for _, count in spans) > size or any(sum(span) > size for span in spans):
        raise ValueError
    return [number(offset, size - 4, 0) for offset in renames], spans


def change(file: BinaryIO, renames: list[int], zeros: list[tuple[int, int]]) -> None:
    for offset in renames:
        os.pwrite(file.fileno(), b"free", offset)
    for offset, count in zeros:
        for begun in range(0, count, PIECE_BYTES):
            os.pwrite(file.fileno(), bytes(min(PIECE_BYTES, count - begun)), offset + begun)


def number(value: object, most: int, least: int = 1) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError
    return value


def maybe(value: object, most: int) -> int | None:
    return None if value is None else number(value, most)


def seconds(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 <= value <= MAX_SECONDS:
        raise ValueError
    return float(value)
