"""Metadata goes from every kind of picture, and what shows the picture stays, byte for byte."""

import io
import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from files.pictures import decode, source
from files.pictures.refusal import Refused
from files.pictures.source import Source, Span
from files.pictures.stripping import STRIPPERS, exif, isobmff, strip
from tests.files.containers import (
    SECRET,
    animated,
    box,
    chunk,
    exif_segment,
    gif,
    gif_blocks,
    heic,
    jpeg,
    mp4,
    picture,
    png,
    riff,
    segment,
    tiff,
    track,
    webp_chunk,
)


def stripped(type_: str, data: bytes) -> bytes:
    found = Source(io.BytesIO(data))
    target = io.BytesIO()
    result = strip(type_, found)
    assert result
    found.copy(result.parts, target)
    return target.getvalue()


def frames(type_: str, data: bytes) -> int:
    result = strip(type_, Source(io.BytesIO(data)))
    assert result
    return result.frames


def pixels(data: bytes) -> list[bytes]:
    image = Image.open(io.BytesIO(data))
    shown = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        shown.append(image.convert("RGBA").tobytes())
    return shown


ICC = b"ICC_PROFILE\x00\x01\x01" + b"colours"
JPEGS = {
    "EXIF": exif_segment(),
    "XMP": segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + SECRET),
    "IPTC": segment(0xED, b"Photoshop 3.0\x008BIM" + SECRET),
    "comment": segment(0xFE, SECRET),
    "MPF": segment(0xE2, b"MPF\x00" + SECRET),
    "another application": segment(0xE7, SECRET),
    "JFIF's thumbnail": segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x08\x01" + SECRET),
    "a second thumbnail": segment(0xE0, b"JFXX\x00" + SECRET),
    "Adobe's tail": segment(0xEE, b"Adobe\x00\x64\x00\x00\x00\x00\x01" + SECRET),
}
LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
PLAIN_WEBP = picture(form="WEBP")[12:]
EXTENDED = webp_chunk(b"VP8X", struct.pack("<B3x", 0x0C) + b"\x05\x00\x00\x03\x00\x00")
EXTENDED_ANIMATED = webp_chunk(b"VP8X", struct.pack("<B3x", 0x02) + b"\x05\x00\x00\x03\x00\x00")
LOOPS = webp_chunk(b"ANIM", bytes(6))
FRAME_HEAD = bytes(6) + b"\x05\x00\x00\x03\x00\x00" + b"\x32\x00\x00\x00"
IN_FRAME = webp_chunk(b"ANMF", FRAME_HEAD + PLAIN_WEBP + webp_chunk(b"WHAT", SECRET))
PICTURES = {
    **{f"JPEG, {name}": ("image/jpeg", jpeg(data)) for name, data in JPEGS.items()},
    "JPEG, behind its end": ("image/jpeg", jpeg(behind=b"PK\x03\x04" + SECRET)),
    "progressive JPEG": ("image/jpeg", jpeg(exif_segment(), size=(64, 48), progressive=True, behind=SECRET)),
    "PNG, EXIF": ("image/png", png(chunk(b"eXIf", tiff()))),
    "PNG, text": ("image/png", png(chunk(b"tEXt", b"Comment\x00" + SECRET))),
    "PNG, XMP": ("image/png", png(chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + SECRET))),
    "PNG, unknown": ("image/png", png(chunk(b"prVt", SECRET))),
    "PNG, behind its end": ("image/png", png(behind=SECRET)),
    "APNG": ("image/png", png(chunk(b"eXIf", tiff()), plain=animated("PNG"))),
    "WebP": (
        "image/webp",
        riff(EXTENDED, PLAIN_WEBP, webp_chunk(b"EXIF", tiff()), webp_chunk(b"XMP ", SECRET)),
    ),
    "WebP, unknown": ("image/webp", riff(PLAIN_WEBP, webp_chunk(b"WHAT", SECRET), behind=SECRET)),
    "animated WebP": ("image/webp", animated("WEBP", exif=b"Exif\x00\x00" + tiff(), xmp=SECRET)),
    "animated WebP, in a frame": ("image/webp", riff(EXTENDED_ANIMATED, LOOPS, IN_FRAME)),
    "GIF, comment": ("image/gif", gif(b"\x21\xfe" + gif_blocks(SECRET))),
    "GIF, XMP": ("image/gif", gif(b"\x21\xff\x0bXMP DataXMP" + gif_blocks(SECRET * 20))),
    "GIF, text": ("image/gif", gif(b"\x21\x01" + gif_blocks(bytes(12) + SECRET))),
    "animated GIF": ("image/gif", gif(LOOP, b"\x21\xfe" + gif_blocks(SECRET), frames=3, behind=SECRET)),
    "HEIC": ("image/heic", heic()),
}


# Pillow's warning of the picture before it is stripped.
@pytest.mark.filterwarnings("ignore:Image appears to be a malformed MPO")
@pytest.mark.parametrize("name", PICTURES)
def test_nothing_is_left_and_the_picture_is_the_same(name):
    type_, data = PICTURES[name]
    assert SECRET in data
    clean = stripped(type_, data)
    assert SECRET not in clean
    if type_ != "image/heic":
        assert pixels(clean) == pixels(data)
        decode.check_metadata(Image.open(io.BytesIO(clean)))
    assert stripped(type_, clean) == clean


def test_one_pixel_is_stripped_as_well():
    assert SECRET not in stripped("image/jpeg", jpeg(exif_segment(), size=(1, 1)))


@pytest.mark.parametrize(
    ("type_", "data", "count"),
    [
        ("image/gif", gif(frames=7), 7),
        ("image/png", animated("PNG", 4), 4),
        ("image/webp", animated("WEBP", 5), 5),
        ("image/webp", picture(form="WEBP"), 1),
    ],
)
def test_frames_are_counted_without_decoding(type_, data, count):
    assert frames(type_, data) == count


def test_colours_and_rounds_stay():
    profile = b"\x00" * 40
    for form, type_ in (("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")):
        clean = stripped(type_, picture(form=form, icc_profile=profile))
        assert Image.open(io.BytesIO(clean)).info["icc_profile"] == profile, form
    assert Image.open(io.BytesIO(stripped("image/gif", gif(LOOP, frames=2)))).info["loop"] == 0


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize("value", range(1, 9))
def test_the_side_that_is_up_is_all_of_exif_that_stays(value, order):
    made = {
        "image/jpeg": jpeg(exif_segment(value, order)),
        "image/png": png(chunk(b"eXIf", tiff(value, order))),
        "image/webp": riff(EXTENDED, PLAIN_WEBP, webp_chunk(b"EXIF", tiff(value, order))),
    }
    for type_, data in made.items():
        clean = stripped(type_, data)
        image = Image.open(io.BytesIO(clean))
        decode.check_metadata(image)
        assert decode.tags(image).get(0x0112, 1) == value, type_
        assert SECRET not in clean


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_a_side_that_there_isnt_is_dropped(value):
    assert exif.orientation(tiff(value)) == 1
    assert b"Exif" not in stripped("image/jpeg", jpeg(exif_segment(value)))


def test_a_jpeg_of_nothing_but_exif_has_nothing_more():
    clean = stripped("image/jpeg", b"\xff\xd8" + exif_segment(6) + b"\xff\xd9")
    assert SECRET not in clean


def test_another_application_of_a_gif_goes_though_it_is_as_long():
    assert stripped("image/gif", gif(b"\x21\xff\x0bSTRANGERS 1\x03\x01\x00\x00\x00")) == gif()


def test_a_gif_without_an_end_gets_one():
    assert stripped("image/gif", gif(end=b"")) == gif()


@pytest.mark.parametrize("name", [name for name in PICTURES if name != "GIF, comment"])
def test_a_picture_that_is_cut_short_is_refused(name):
    type_, data = PICTURES[name]
    clean = stripped(type_, data)
    # The GIF's last byte is its end, which may be left out.
    with pytest.raises(Refused):
        stripped(type_, clean[: len(clean) // 2] if type_ != "image/jpeg" else clean[:-2])


def test_a_png_begins_with_its_head_and_has_one():
    plain = picture()
    for made in (png(plain[8:33]), plain[:8] + chunk(b"tIME", bytes(7)) + plain[8:]):
        with pytest.raises(Refused, match="damaged"):
            stripped("image/png", made)


@pytest.mark.parametrize("position", [-1, 3])
def test_no_place_is_outside_of_the_file(position):
    with pytest.raises(Refused, match="damaged"):
        Source(io.BytesIO(b"ab")).go_to(position)


def test_the_number_of_reads_is_bounded(monkeypatch):
    monkeypatch.setattr(source, "MAX_READS", 1000)
    many = gif(*[b"\x21\xfe" + b"\x01a" * 400 + b"\x00"] * 4)
    with pytest.raises(Refused, match="too_large"):
        stripped("image/gif", many)


EXIF_LENGTH = struct.pack(">I", len(SECRET))


def twice(data: bytes) -> bytes:
    """A HEIF whose first item is EXIF as well, in the place of the second."""
    place = data[data.index(EXIF_LENGTH) - 4 :][:8]
    first = data.index(struct.pack(">I", len(b"coded picture"))) - 4
    return (data[:first] + place + data[first + 8 :]).replace(b"hvc1", b"Exif")


class TestFilms:
    def blanked(self, data: bytes) -> tuple[bytes, isobmff.Found]:
        found = isobmff.examined(Source(io.BytesIO(data)))
        source, target = Source(io.BytesIO(data)), io.BytesIO()
        source.copy(isobmff.edited(found, len(data)), target)
        return target.getvalue(), found

    @pytest.mark.parametrize(
        "made",
        [
            mp4(box(b"udta", box(b"\xa9xyz", SECRET))),
            mp4(box(b"meta", bytes(4), box(b"keys", SECRET))),
            mp4(box(b"uuid", bytes(16), SECRET)),
            mp4(top=box(b"uuid", bytes(16), SECRET)),
            mp4(top=box(b"free", SECRET)),
            mp4(top=box(b"meta", bytes(4), box(b"hdlr", bytes(8) + b"mdta"), box(b"data", SECRET))),
            mp4(tracks=track(b"vide", 640, 360, box(b"udta", SECRET))),
            mp4(track(b"meta", 0, 0, box(b"tref", SECRET))),
            mp4(top=struct.pack(">I4sQ", 1, b"skip", 16 + len(SECRET)) + SECRET),
        ],
    )
    def test_places_go_and_nothing_moves(self, made):
        clean, found = self.blanked(made)
        assert SECRET in made
        assert SECRET not in clean
        assert len(clean) == len(made)
        assert clean.index(b"frames of the film") == made.index(b"frames of the film")
        assert (found.width, found.height, found.duration) == (640, 360, 12.5)

    def test_when_it_was_made_goes(self):
        assert struct.pack(">II", 777, 777) not in self.blanked(mp4())[0]

    def test_a_film_on_its_side(self):
        _, found = self.blanked(mp4(tracks=track(b"vide", 640, 360, turned=True)))
        assert (found.width, found.height) == (360, 640)

    @pytest.mark.parametrize(
        "further",
        [
            box(b"xml ", bytes(4), SECRET),
            box(b"what", SECRET),
            box(b"iprp", box(b"ipco", box(b"ispe", bytes(12)), box(b"udes", bytes(4), SECRET))),
        ],
    )
    def test_what_else_a_heif_says_of_its_picture_goes(self, further):
        made = heic(further, exif=b"other")
        clean = stripped("image/heic", made)
        assert SECRET in made
        assert SECRET not in clean
        assert (b"ispe" in clean) == (b"ispe" in made)

    def test_a_picture_of_a_phone_keeps_its_picture(self):
        clean = stripped("image/heic", heic())
        assert b"coded picture" in clean
        assert b"Exif" not in clean

    @pytest.mark.parametrize(
        "made",
        [
            mp4()[:-3],
            b"\x00\x00\x00\x07ftyp" + bytes(40),
            mp4(top=struct.pack(">I4s", 900, b"moov")),
            mp4(top=struct.pack(">I4sQ", 1, b"mdat", 1 << 63)),
            mp4(top=box(b"free") * (isobmff.MAX_BOXES + 1)),
            mp4(top=box(b"free", b"1") * (isobmff.MAX_EDITS + 1)),
            heic().replace(bytes((0x44, 0, 0, 2)), bytes((0x44, 0, 0xFF, 0xFF))),
            # EXIF beyond the file's end; EXIF twice in one place; a box that is longer than the one around it.
            heic().replace(EXIF_LENGTH, struct.pack(">I", 5000)),
            twice(heic()),
            heic(box(b"iloc", bytes(8))),
            mp4(struct.pack(">I4s", 30, b"mvhd"), top=box(b"mdat", bytes(40))),
        ],
    )
    def test_what_is_no_film_is_refused(self, made):
        with pytest.raises(Refused):
            isobmff.edited(isobmff.examined(Source(io.BytesIO(made))), len(made))

    def test_pieces_of_items_that_take_no_bytes_of_the_table_are_bounded(self):
        many = bytes(6) + b"\x00\x02" + b"\x00\x01\x00\x00\xff\xff" * 2
        with pytest.raises(Refused, match="too_large"):
            list(isobmff.item_places(many, None))


def allowed(parts: list[source.Part], size: int) -> bool:
    """Whether a new file is of the old one's bytes, in order, and little else."""
    spans = [part for part in parts if isinstance(part, Span)]
    own = sum(len(part) for part in parts if isinstance(part, bytes))
    ordered = all(0 <= span.start <= span.end <= size for span in spans)
    ordered = ordered and all(one.end <= other.start for one, other in pairwise(spans))
    return ordered and own <= size + 200


SEEDS = [*PICTURES.values(), ("image/avif", heic(brand=b"avif")), ("image/heic", mp4(box(b"udta", SECRET)))]


@settings(max_examples=400)
@given(st.data())
def test_any_bytes_are_stripped_or_refused(data):
    """Containers with bytes changed, cut out and put in: no other exception, no byte twice, and an end to it."""
    type_, seed = data.draw(st.sampled_from(SEEDS))
    made = bytearray(seed)
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(made)))
        made[at : at + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=12))
    read = Source(io.BytesIO(bytes(made)))
    try:
        parts, count = STRIPPERS[type_](read)
    except Refused:
        return
    assert allowed(parts, read.size)
    assert count >= 1
    target = io.BytesIO()
    read.copy(parts, target)
    # What was stripped is a picture of the same type still, with nothing more to strip.
    assert stripped(type_, target.getvalue()) == target.getvalue()


@settings(max_examples=200)
@given(type_=st.sampled_from([*STRIPPERS]), data=st.binary(max_size=400))
def test_noise_is_refused(type_, data):
    with pytest.raises(Refused):
        stripped(type_, data)


@given(st.binary(max_size=200))
def test_any_exif_has_a_side_that_is_up(data):
    for mark in (b"", b"II*\x00", b"MM\x00*\x00\x00\x00\x08"):
        assert 1 <= exif.orientation(mark + data) <= 8
