"""GIF: blocks, each of sub-blocks of at most 255 bytes."""

from files.pictures.refusal import DAMAGED, Refused
from files.pictures.source import Part, Source, Span

SIGNATURES = (b"GIF87a", b"GIF89a")
EXTENSION, IMAGE, END, FILLING = 0x21, 0x2C, 0x3B, 0x00
GRAPHIC_CONTROL, APPLICATION = 0xF9, 0xFF
# Extensions that say how often an animation runs, up to that number: a name of 11 bytes, and a sub-block of 3.
LOOPS = (b"\x0bNETSCAPE2.0\x03\x01", b"\x0bANIMEXTS1.0\x03\x01")
# Labels of extensions that may stay, with the bytes of all their sub-blocks and the end of these.
KEPT_LENGTHS = ((GRAPHIC_CONTROL, 6), (APPLICATION, 17))


def stripped(source: Source) -> tuple[list[Part], int]:
    """Keep frames, their times and the number of rounds; comments, texts, XMP and what lies behind the end go."""
    if source.read(6) not in SIGNATURES:
        raise Refused(DAMAGED)
    flags = source.read(7)[4]
    source.skip(table_bytes(flags))
    parts: list[Part] = [Span(0, source.position)]
    frames = 0
    # Many a program leaves the end out.
    while source.left and (block := source.number(1)) != END:
        begun = source.position - 1
        if block == IMAGE:
            frames += 1
            skip_image(source)
            parts.append(Span(begun, source.position))
        elif block == EXTENSION:
            if is_kept(source):
                parts.append(Span(begun, source.position))
        elif block != FILLING:
            raise Refused(DAMAGED)
    if not frames:
        raise Refused(DAMAGED)
    return [*parts, bytes((END,))], frames


def table_bytes(flags: int) -> int:
    """Count the bytes of the table of colours that `flags` announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def skip_image(source: Source) -> None:
    flags = source.read(9)[8]
    # The table, and one byte for the size of codes.
    source.skip(table_bytes(flags) + 1)
    skip_blocks(source)


def skip_blocks(source: Source) -> None:
    while length := source.number(1):
        source.skip(length)


def is_kept(source: Source) -> bool:
    """Pass over an extension and return whether it stays."""
    label = source.number(1)
    begun = source.position
    skip_blocks(source)
    end = source.position
    if (label, end - begun) not in KEPT_LENGTHS:
        return False
    source.go_to(begun)
    data = source.read(end - begun)
    return data[0] == 4 if label == GRAPHIC_CONTROL else data[:14] in LOOPS
