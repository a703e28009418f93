"""ISO base media files (ISO 14496-12): mp4, mov, m4a, HEIF and AVIF.

Boxes point to each other by places in the file, so nothing moves: what has to go is renamed to `free`, filled with zeros, or
both. Samples of tracks that are neither picture, sound nor text stay among the others', and nothing says where.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from files.pictures.refusal import DAMAGED, TOO_LARGE, UNSUPPORTED, Refused
from files.pictures.source import Part, Source, Span

# A film in fragments has three for each some seconds.
MAX_BOXES = 20_000
# Pieces of a HEIF's items.
MAX_EXTENTS = 10_000
# Bytes of the tables of a HEIF's items.
MAX_TABLE_BYTES = 500_000
# Edits of one file; one is a box.
MAX_EDITS = 1000
FREE = b"free"
KEPT = {
    b"": {b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"sidx", b"ssix", b"mfra", b"pdin", b"meta", b"wide"},
    b"moov": {b"mvhd", b"trak", b"mvex", b"iods"},
    b"trak": {b"tkhd", b"tref", b"edts", b"mdia", b"tapt", b"trgr", b"load"},
    b"mdia": {b"mdhd", b"hdlr", b"minf", b"elng"},
    b"moof": {b"mfhd", b"traf"},
    b"traf": {b"tfhd", b"trun", b"tfdt", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio", b"senc"},
}
# Boxes of these names have boxes within that are looked at.
CONTAINERS = KEPT.keys() - {b""}
# Boxes of a HEIF's `meta` that stay.
ITEM_BOXES = {b"hdlr", b"pitm", b"iinf", b"iloc", b"iprp", b"iref", b"idat", b"dinf", b"grpl", b"ipro"}
# Properties of items that go: descriptions by people, and when a picture was made and changed.
DROPPED_PROPERTIES = {b"udes", b"crtt", b"mdft", b"uuid"}
# Handlers of tracks that stay.
TRACKS = {b"vide", b"soun", b"auxv", b"pict", b"text", b"sbtl", b"subt", b"clcp", b"tmcd"}
# Types of a HEIF's items that stay; EXIF, XMP and the like are other items.
ITEMS = {b"hvc1", b"hev1", b"av01", b"grid", b"iovl", b"iden", b"tmap", b"jpeg", b"avc1", b"lhv1", b"hvt1"}


class Box(NamedTuple):
    """A box: its name, where that stands, and its data."""

    kind: bytes
    name_at: int
    body: Span


@dataclass
class Found:
    """What is to be changed in a file, and what its heads say: size in pixels, seconds."""

    renames: list[int] = field(default_factory=list)
    zeros: list[Span] = field(default_factory=list)
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    # Of the track that is being read.
    handler: bytes = b""

    def blank(self, box: Box) -> None:
        self.renames.append(box.name_at)
        self.clear(box.body)

    def clear(self, span: Span) -> None:
        if len(self.zeros) >= MAX_EDITS:
            raise Refused(TOO_LARGE)
        if span.end > span.start:
            self.zeros.append(span)


def examined(source: Source) -> Found:
    """Look at all boxes that can hold metadata. Raises Refused if one is cut short or there are too many."""
    found = Found()
    source.go_to(4)
    if source.read(4) != b"ftyp":
        raise Refused(DAMAGED)
    source.go_to(0)
    walk(source, b"", source.size, found, MAX_BOXES)
    return found


def stripped_picture(source: Source) -> tuple[list[Part], int]:
    """Return a HEIF or AVIF with its metadata blanked. More frames than one are told as two."""
    found = examined(source)
    return edited(found, source.size), 2 if found.duration else 1


def edited(found: Found, size: int) -> list[Part]:
    """Apply the changes to a file of `size` bytes. Those that overlap are damage."""
    edits = sorted([(Span(at, at + 4), FREE) for at in found.renames] + [(span, b"") for span in found.zeros])
    parts: list[Part] = []
    done = 0
    for span, new in edits:
        if span.start < done:
            raise Refused(DAMAGED)
        parts += [Span(done, span.start), new or span.end - span.start]
        done = span.end
    return [*parts, Span(done, size)]


def boxes(source: Source, end: int) -> Iterator[Box]:
    """Yield the boxes up to `end`. Whoever gets one may read within it."""
    while source.position < end:
        begun = source.position
        size, kind = source.number(4), source.read(4)
        if size == 1:
            size = source.number(8)
        elif size == 0:
            size = end - begun
        body = Span(source.position, begun + size)
        if not body.start <= body.end <= end:
            raise Refused(DAMAGED)
        yield Box(kind, begun + 4, body)
        source.go_to(body.end)


def walk(source: Source, parent: bytes, end: int, found: Found, left: int) -> int:
    """Look at the boxes of one parent up to `end`. Return how many more may be looked at, of `left`."""
    for box in boxes(source, end):
        left -= 1
        if left < 0:
            raise Refused(TOO_LARGE)
        if box.kind not in KEPT[parent]:
            found.blank(box)
        elif box.kind == b"trak":
            left = look_at_track(source, box, found, left)
        elif box.kind in CONTAINERS:
            left = walk(source, box.kind, box.body.end, found, left)
        elif box.kind == b"meta":
            look_at_items(source, box, found)
        elif box.kind in HEADS:
            HEADS[box.kind](source, box, found)
    return left


def look_at_track(source: Source, box: Box, found: Found, left: int) -> int:
    """Keep a track of picture, sound or text; blank another whole, whatever is in it."""
    before = (len(found.renames), len(found.zeros), found.width, found.height)
    found.handler = b""
    left = walk(source, b"trak", box.body.end, found, left)
    if found.handler not in TRACKS:
        renames, zeros, found.width, found.height = before
        del found.renames[renames:], found.zeros[zeros:]
        found.blank(box)
    return left


def look_at_movie_head(source: Source, box: Box, found: Found) -> None:
    long = clear_times(source, box, found)
    scale, length = source.number(4), source.number(8 if long else 4)
    if scale and length != (1 << (64 if long else 32)) - 1:
        # A film in fragments says 0.
        found.duration = length / scale or None


def look_at_track_head(source: Source, box: Box, found: Found) -> None:
    long = clear_times(source, box, found)
    # Number, reserved, duration; reserved, layer, group, volume, reserved.
    source.skip((16 if long else 12) + 16)
    turned = source.number(4) == 0
    source.skip(32)
    width, height = source.number(4) >> 16, source.number(4) >> 16
    if width * height > (found.width or 0) * (found.height or 0):
        found.width, found.height = (height, width) if turned else (width, height)


def clear_times(source: Source, box: Box, found: Found) -> bool:
    """Clear when something was made and changed; return whether the times are long ones, and move behind them."""
    long = source.read(4)[0] == 1
    times = source.skip(16 if long else 8)
    if times.end > box.body.end:
        raise Refused(DAMAGED)
    found.clear(times)
    return long


def look_at_handler(source: Source, box: Box, found: Found) -> None:
    source.skip(8)
    found.handler = source.read(4)


HEADS: dict[bytes, Callable[[Source, Box, Found], object]] = {
    b"mvhd": look_at_movie_head,
    b"tkhd": look_at_track_head,
    b"mdhd": clear_times,
    b"hdlr": look_at_handler,
}


def look_at_items(source: Source, box: Box, found: Found) -> None:
    """Keep the items of a HEIF that are its picture. Another file's `meta` is blanked whole."""
    source.skip(4)
    found_boxes = list(bounded(boxes(source, box.body.end)))
    kept = [each for each in found_boxes if each.kind in ITEM_BOXES]
    inner = {each.kind: each for each in kept}
    # Of two of a kind nobody knows which one a reader takes.
    if len(inner) < len(kept):
        raise Refused(UNSUPPORTED)
    handler = read_table(source, inner.get(b"hdlr"))
    if handler[8:12] != b"pict":
        found.blank(box)
        return
    for each in found_boxes:
        if each.kind not in ITEM_BOXES:
            found.blank(each)
    look_at_properties(source, inner.get(b"iprp"), found)
    unwanted = look_at_item_kinds(source, inner.get(b"iinf"), found)
    data = inner.get(b"idat")
    for number, span in item_places(read_table(source, inner.get(b"iloc")), data.body if data else None):
        if number in unwanted:
            if not 0 <= span.start < span.end <= source.size:
                raise Refused(DAMAGED)
            found.clear(span)


def look_at_properties(source: Source, box: Box | None, found: Found) -> None:
    """Blank the properties that describe a picture; the others are counted, so none moves."""
    if box is None:
        return
    source.go_to(box.body.start)
    for container in bounded(boxes(source, box.body.end)):
        if container.kind != b"ipco":
            continue
        for each in bounded(boxes(source, container.body.end)):
            if each.kind in DROPPED_PROPERTIES:
                found.blank(each)


def bounded(all_boxes: Iterator[Box]) -> Iterator[Box]:
    for count, box in enumerate(all_boxes):
        if count > MAX_EDITS:
            raise Refused(TOO_LARGE)
        yield box


def read_table(source: Source, box: Box | None) -> bytes:
    if box is None:
        return b""
    if box.body.end - box.body.start > MAX_TABLE_BYTES:
        raise Refused(TOO_LARGE)
    source.go_to(box.body.start)
    return source.read(box.body.end - box.body.start)


def look_at_item_kinds(source: Source, box: Box | None, found: Found) -> set[int]:
    """Rename the kinds of the items that have to go, and return the items' numbers."""
    unwanted: set[int] = set()
    if box is None:
        return unwanted
    source.go_to(box.body.start)
    version = source.read(4)[0]
    source.skip(2 if version == 0 else 4)
    for entry in bounded(boxes(source, box.body.end)):
        source.go_to(entry.body.start)
        version = source.read(4)[0]
        if version not in (2, 3):
            raise Refused(UNSUPPORTED)
        number = source.number(2 if version == 2 else 4)
        source.skip(2)
        kind_at = source.position
        if source.read(4) not in ITEMS:
            unwanted.add(number)
            found.renames.append(kind_at)
    return unwanted


def item_places(table: bytes, data: Span | None) -> Iterator[tuple[int, Span]]:
    """Yield where the items' bytes are, by `iloc`: an item's number, and a place in the file."""
    fields = Fields(table)
    version, _, sizes, more = fields.take(1), fields.take(3), fields.take(1), fields.take(1)
    offset_bytes, length_bytes, base_bytes = sizes >> 4, sizes & 15, more >> 4
    index_bytes = more & 15 if version else 0
    extents = 0
    for _ in range(fields.take(4 if version == 2 else 2)):
        number = fields.take(4 if version == 2 else 2)
        method = fields.take(2) & 15 if version else 0
        elsewhere = fields.take(2)
        base = fields.take(base_bytes)
        count = fields.take(2)
        extents += count
        if extents > MAX_EXTENTS:
            raise Refused(TOO_LARGE)
        for _ in range(count):
            fields.take(index_bytes)
            start = base + fields.take(offset_bytes) + (data.start if method == 1 and data else 0)
            length = fields.take(length_bytes)
            if not elsewhere and method in (0, 1):
                yield number, Span(start, start + length)


class Fields:
    """Numbers of a table, one behind the other. Beyond its end is damage."""

    def __init__(self, table: bytes) -> None:
        self._table = table
        self._position = 0

    def take(self, count: int) -> int:
        if not self._table:
            return 0
        self._position += count
        if self._position > len(self._table):
            raise Refused(DAMAGED)
        return int.from_bytes(self._table[self._position - count : self._position], "big")
