"""JPEG (ITU-T T.81): segments, each with a marker, and scans of coded data behind some."""

import re

from files.pictures.refusal import DAMAGED, UNSUPPORTED, Refused
from files.pictures.source import PIECE_BYTES, Part, Source, Span
from files.pictures.stripping import exif

START, END, SCAN = 0xD8, 0xD9, 0xDA
APP0, APP1, APP2, APP14 = 0xE0, 0xE1, 0xE2, 0xEE
# Tables, restart interval, number of lines, and the frames that browsers show: baseline, extended, progressive.
KEPT = {0xDB, 0xC4, 0xDD, 0xDC, 0xC0, 0xC1, 0xC2}
# Other applications' segments, and comments.
DROPPED = {*range(0xE0, 0xF0), 0xFE}
# In coded data a marker is what isn't a stuffed 0xFF, a restart, or filling.
MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
JFIF, EXIF, ICC, ADOBE = b"JFIF\x00", b"Exif\x00\x00", b"ICC_PROFILE\x00", b"Adobe"
# Bytes of JFIF's fields up to its thumbnail, and of Adobe's in all.
JFIF_BYTES, ADOBE_BYTES = 14, 12


def stripped(source: Source) -> tuple[list[Part], int]:
    """Keep the first picture up to its end: a film, a second picture or an archive behind it goes."""
    if source.read(2) != bytes((0xFF, START)):
        raise Refused(DAMAGED)
    parts: list[Part] = [Span(0, 2)]
    upright = 1
    while (marker := next_marker(source)) != END:
        begun = source.position
        length = source.number(2)
        if length < 2:
            raise Refused(DAMAGED)
        source.go_to(begun)
        body = source.skip(length)
        if marker == SCAN:
            skip_scan(source)
            parts += [bytes((0xFF, marker)), Span(begun, source.position)]
        elif marker in KEPT:
            parts += [bytes((0xFF, marker)), body]
        elif marker in DROPPED:
            source.go_to(body.start + 2)
            data = source.read(length - 2)
            if marker == APP1 and data.startswith(EXIF):
                upright = max(upright, exif.orientation(data[len(EXIF) :]))
            parts += kept_of_application(marker, data, body)
        else:
            raise Refused(UNSUPPORTED)
    if upright > 1:
        parts.insert(after_jfif(parts), framed(APP1, EXIF + exif.minimal(upright)))
    return [*parts, bytes((0xFF, END))], 1


def next_marker(source: Source) -> int:
    """Return the marker that must come here, behind any number of filling bytes."""
    if source.read(1) != b"\xff":
        raise Refused(DAMAGED)
    while (marker := source.number(1)) == 0xFF:
        pass
    return marker


def skip_scan(source: Source) -> None:
    """Move behind the coded data to the next marker. A picture that is cut short has none."""
    last = b""
    while piece := source.some(PIECE_BYTES):
        data = last + piece
        found = MARKER_IN_SCAN.search(data)
        if found:
            source.go_to(source.position - len(data) + found.start())
            return
        last = data[-1:]
    raise Refused(DAMAGED)


def kept_of_application(marker: int, data: bytes, body: Span) -> list[Part]:
    """Return what stays of a segment of an application: density without the thumbnail, and colours."""
    if marker == APP0 and data.startswith(JFIF) and len(data) >= JFIF_BYTES:
        return [framed(marker, data[: JFIF_BYTES - 2] + b"\x00\x00")]
    if marker == APP2 and data.startswith(ICC):
        return [bytes((0xFF, marker)), body]
    if marker == APP14 and data.startswith(ADOBE):
        return [framed(marker, data[:ADOBE_BYTES])]
    return []


def framed(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(data) + 2).to_bytes(2, "big") + data


def after_jfif(parts: list[Part]) -> int:
    """Where EXIF goes: behind JFIF, which must come first, if there is one."""
    first = parts[1] if len(parts) > 1 else b""
    return 2 if isinstance(first, bytes) and first[:2] == bytes((0xFF, APP0)) else 1
