"""WebP: chunks of RIFF, and in each frame of an animation chunks again."""

from files.pictures.refusal import DAMAGED, Refused
from files.pictures.source import PIECE_BYTES, Part, Source, Span, length_of
from files.pictures.stripping import exif

EXTENDED, EXIF, FRAME = b"VP8X", b"EXIF", b"ANMF"
PICTURES = {b"VP8 ", b"VP8L"}
KEPT = {*PICTURES, b"ALPH", b"ANIM", b"ICCP"}
# Bits of VP8X.
EXIF_FLAG, XMP_FLAG = 0x08, 0x04
EXTENDED_BYTES, FRAME_HEADER_BYTES = 10, 16


def stripped(source: Source) -> tuple[list[Part], int]:
    """Keep chunks by name, within frames too; EXIF, XMP, unknown chunks and what lies behind go."""
    if source.read(4) != b"RIFF":
        raise Refused(DAMAGED)
    end = source.number(4, "little") + 8
    if source.read(4) != b"WEBP" or end > source.size:
        raise Refused(DAMAGED)
    parts: list[Part] = []
    extended, frames, upright = b"", 0, 1
    while source.position < end:
        kind, body = next_chunk(source, end)
        if kind == EXTENDED and not extended:
            source.go_to(body.start)
            extended = source.read(EXTENDED_BYTES)
        elif kind == EXIF:
            source.go_to(body.start)
            data = source.read(min(body.end - body.start, PIECE_BYTES))
            upright = exif.orientation(data.removeprefix(b"Exif\x00\x00"))
        elif kind == FRAME:
            frames += 1
            parts += framed(kind, kept_of_frame(source, body))
        elif kind in KEPT:
            parts += framed(kind, [body])
        source.go_to(min(body.end + (body.end - body.start) % 2, end))
    return assembled(extended, parts, upright if extended else 1), max(1, frames)


def next_chunk(source: Source, end: int) -> tuple[bytes, Span]:
    """Return the next chunk's name and data, which end before `end`."""
    kind = source.read(4)
    length = source.number(4, "little")
    body = Span(source.position, source.position + length)
    if body.end > end:
        raise Refused(DAMAGED)
    return kind, body


def kept_of_frame(source: Source, frame: Span) -> list[Part]:
    if frame.end - frame.start < FRAME_HEADER_BYTES:
        raise Refused(DAMAGED)
    source.go_to(frame.start)
    parts: list[Part] = [source.skip(FRAME_HEADER_BYTES)]
    while source.position < frame.end:
        kind, body = next_chunk(source, frame.end)
        if kind in PICTURES or kind == b"ALPH":
            parts += framed(kind, [body])
        source.go_to(min(body.end + (body.end - body.start) % 2, frame.end))
    return parts


def framed(kind: bytes, parts: list[Part]) -> list[Part]:
    """Make a chunk of `parts`, padded to an even length."""
    length = length_of(parts)
    return [kind + length.to_bytes(4, "little"), *parts, *([b"\x00"] if length % 2 else [])]


def assembled(extended: bytes, parts: list[Part], upright: int) -> list[Part]:
    head: list[Part] = []
    if extended:
        flags = extended[0] & ~(EXIF_FLAG | XMP_FLAG) | (EXIF_FLAG if upright > 1 else 0)
        # Three reserved bytes, then the size.
        head = framed(EXTENDED, [bytes((flags, 0, 0, 0)) + extended[4:]])
    tail = framed(EXIF, [exif.minimal(upright)]) if upright > 1 else []
    parts = [b"WEBP", *head, *parts, *tail]
    return [b"RIFF" + length_of(parts).to_bytes(4, "little"), *parts]
