"""Jobs of the child process "decode": one file each, by descriptors. No paths come here.

`{"type", "max_pixels", "max_bytes"}` with four files (the source, and for the clean copy and two previews) is answered
`{"type", "width", "height", "frames", "small", "large", "placeholder"}`, sizes being `[width, height]` or null;
a film, with its source alone, `{"width", "height", "duration", "renames", "zeros"}`, the changes to be made in it. What
can't be made safe is answered `{"refused": reason}`.

Two kinds of jobs make pictures that nothing else of the source is kept with. `{"squares": [side, …]}` with a file for each
side is answered `{}`; `{"emoji": side}` with one file `{"type", "width", "height", "animated"}`. Both have "type" and
"max_pixels", too.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from PIL import Image

from files.pictures import decode
from files.pictures.refusal import DAMAGED, TOO_LARGE, UNSUPPORTED, Refused
from files.pictures.source import Source
from files.pictures.stripping import isobmff, strip

FILMS = {"video/mp4", "video/quicktime", "video/3gpp", "audio/mp4"}
# Frames of an animation that browsers are given to play, and their pixels in all.
MAX_FRAMES, MAX_FRAMES_PIXELS = 500, 200_000_000
# The same of an emoji, of which a page may show hundreds, and its longer side.
MAX_EMOJI_FRAMES, MAX_EMOJI_FRAMES_PIXELS, MAX_EMOJI_SIDE = 200, 10_000_000, 512
# Types whose animations every browser plays.
ANIMATED = {"image/gif", "image/png", "image/webp"}


def handle(job: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
    """Do one job. The descriptors stay open: `child.py` closes them."""
    source = Source(os.fdopen(descriptors[0], "rb", buffering=65_536, closefd=False))
    try:
        if job["type"] in FILMS:
            return examine_film(source)
        # Without buffers: what one kept of this job could be written into the next one's file, which has the same number.
        files = [os.fdopen(descriptor, "r+b", buffering=0, closefd=False) for descriptor in descriptors[1:]]
        if "squares" in job:
            return make_squares(source, files, job)
        if "emoji" in job:
            return make_emoji(source, files[0], job)
        return clean_picture(source, files, job)
    except Refused as refused:
        return {"refused": refused.reason}


def examine_film(source: Source) -> dict[str, Any]:
    found = isobmff.examined(source)
    # Only to see that no two changes overlap.
    isobmff.edited(found, source.size)
    return {
        "width": found.width,
        "height": found.height,
        "duration": found.duration,
        "renames": found.renames,
        "zeros": [[span.start, span.end - span.start] for span in found.zeros],
    }


def clean_picture(source: Source, files: Sequence[BinaryIO], job: dict[str, Any]) -> dict[str, Any]:
    type_, max_pixels = job["type"], job["max_pixels"]
    if source.size > job["max_bytes"]:
        raise Refused(TOO_LARGE)
    clean, small, large = files
    if type_ in decode.ENCODED_ANEW:
        image = decode.opened(source.file, type_, max_pixels)
        if image.width * image.height > max_pixels:
            raise Refused(TOO_LARGE)
        decode.write_png(image, clean)
        type_, frames = "image/png", 1
    else:
        stripped = strip(type_, source)
        if stripped is None:
            raise Refused(UNSUPPORTED)
        source.copy(stripped.parts, clean)
        frames = stripped.frames
    answer = {"type": type_, "frames": frames, "width": None, "height": None, **NO_PREVIEWS}
    if type_ in decode.PLUGINS:
        reader = os.fdopen(clean.fileno(), "rb", closefd=False)
        answer |= shown(decode.opened(reader, type_, max_pixels), frames, max_pixels, small, large)
    return answer


NO_PREVIEWS: dict[str, Any] = {"small": None, "large": None, "placeholder": ""}


def shown(
    image: Image.Image, frames: int, max_pixels: int, small: BinaryIO, large: BinaryIO
) -> dict[str, Any]:
    """Check a stripped picture once more and make its previews: none where it has too many pixels or frames for anybody's
    browser, or where its data are damaged."""
    decode.check_metadata(image)
    size = decode.upright_size(image)
    pixels = size.width * size.height
    answer = {"width": size.width, "height": size.height, **NO_PREVIEWS}
    if pixels > max_pixels or frames > MAX_FRAMES or (frames > 1 and pixels * frames > MAX_FRAMES_PIXELS):
        return answer
    try:
        previews = decode.write_previews(image, small, large)
    except Exception:
        for file in (small, large):
            file.seek(0)
            file.truncate()
        return answer
    decode.check_metadata(image)
    return answer | previews._asdict()


def make_squares(source: Source, files: Sequence[BinaryIO], job: dict[str, Any]) -> dict[str, Any]:
    """Write the middle of a picture's first frame as squares."""
    sides = job["squares"]
    with whole(source, job) as image:
        square = decode.square(image, max(sides))
        for side, file in zip(sides, files, strict=True):
            decode.write_square(square, side, file)
    return {}


def make_emoji(source: Source, file: BinaryIO, job: dict[str, Any]) -> dict[str, Any]:
    """Write a picture reduced to a side; an animation as it is, but for its metadata."""
    type_ = job["type"]
    stripped = strip(type_, source) if type_ in ANIMATED else None
    if stripped is None or stripped.frames == 1:
        with whole(source, job) as image:
            size = decode.write_reduced(image, job["emoji"], file)
        return {"type": "image/webp", "width": size.width, "height": size.height, "animated": False}
    source.copy(stripped.parts, file)
    with whole(Source(os.fdopen(file.fileno(), "rb", buffering=65_536, closefd=False)), job) as image:
        size = decode.upright_size(image)
        pixels = size.width * size.height * stripped.frames
        if (
            max(size) > MAX_EMOJI_SIDE
            or stripped.frames > MAX_EMOJI_FRAMES
            or pixels > MAX_EMOJI_FRAMES_PIXELS
        ):
            raise Refused(TOO_LARGE)
        decode.check_metadata(image)
        image.load()
        decode.check_metadata(image)
    return {"type": type_, "width": size.width, "height": size.height, "animated": True}


@contextmanager
def whole(source: Source, job: dict[str, Any]) -> Iterator[Image.Image]:
    """Open a picture that is to be decoded. Raises Refused, also for what the block can't decode."""
    type_, max_pixels = job["type"], job["max_pixels"]
    if type_ not in decode.PLUGINS:
        raise Refused(UNSUPPORTED)
    image = decode.opened(source.file, type_, max_pixels)
    if image.width * image.height > max_pixels:
        raise Refused(TOO_LARGE)
    try:
        yield image
    except Refused:
        raise
    except Exception:
        raise Refused(DAMAGED) from None
