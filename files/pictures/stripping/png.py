"""PNG and APNG: chunks with a length, a type, data and a checksum."""

import zlib

from files.pictures.refusal import DAMAGED, Refused
from files.pictures.source import PIECE_BYTES, Part, Source, Span
from files.pictures.stripping import exif

SIGNATURE = b"\x89PNG\r\n\x1a\n"
FIRST, LAST, EXIF, FRAME = b"IHDR", b"IEND", b"eXIf", b"fcTL"
KEPT = {
    *(FIRST, b"PLTE", b"tRNS", b"IDAT", LAST),
    # Colours.
    *(b"gAMA", b"sRGB", b"iCCP", b"cHRM", b"cICP", b"sBIT"),
    # Animation.
    *(b"acTL", FRAME, b"fdAT"),
}


def stripped(source: Source) -> tuple[list[Part], int]:
    """Keep chunks by name up to the last; texts, times, EXIF and what lies behind the picture go."""
    if source.read(len(SIGNATURE)) != SIGNATURE:
        raise Refused(DAMAGED)
    parts: list[Part] = [Span(0, len(SIGNATURE))]
    kind, frames, upright = b"", 0, 1
    while kind != LAST:
        begun = source.position
        length, kind = source.number(4), source.read(4)
        if (kind == FIRST) != (begun == len(SIGNATURE)):
            raise Refused(DAMAGED)
        if kind == EXIF:
            upright = exif.orientation(source.read(min(length, PIECE_BYTES, source.left)))
            source.go_to(begun + 8)
        source.skip(length + 4)
        frames += kind == FRAME
        if kind in KEPT:
            parts.append(Span(begun, source.position))
    if upright > 1:
        # Behind IHDR, the second part.
        parts.insert(2, chunk(EXIF, exif.minimal(upright)))
    return parts, max(1, frames)


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
