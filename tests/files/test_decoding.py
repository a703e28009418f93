"""Bombs, chimeras and broken pictures, in this process; and what pages get of good ones."""

import io
import struct
import tempfile
import tracemalloc
import zlib
from contextlib import ExitStack

import pytest
from PIL import Image, ImageCms

from files.pictures import decode, jobs
from tests.files.containers import (
    SECRET,
    animated,
    chunk,
    exif_segment,
    gif,
    heic,
    jpeg,
    mp4,
    picture,
    png,
    png_head,
    riff,
    tiff,
    webp_chunk,
)

LIMITS = {"max_pixels": 50_000_000, "max_bytes": 1_000_000}


def asked(type_: str, data: bytes, **limits) -> tuple[dict, list[bytes]]:
    """The answer to a job, and what was written: the clean copy and the previews."""
    with ExitStack() as stack:
        source, *outputs = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(4)]
        source.write(data)
        source.flush()
        answer = jobs.handle(
            {"type": type_, **LIMITS, **limits}, [file.fileno() for file in (source, *outputs)]
        )
        written = []
        for file in outputs:
            file.seek(0)
            written.append(file.read())
    return answer, written


def refused(type_: str, data: bytes, **limits) -> str | None:
    return asked(type_, data, **limits)[0].get("refused")


def test_a_photo_gets_two_previews_and_a_placeholder():
    answer, (clean, small, large) = asked("image/jpeg", jpeg(exif_segment(), size=(2000, 1000)))
    assert answer | {"placeholder": ""} == {
        "type": "image/jpeg",
        "frames": 1,
        "width": 2000,
        "height": 1000,
        "small": (720, 360),
        "large": (1440, 720),
        "placeholder": "",
    }
    assert answer["placeholder"].startswith("data:image/webp;base64,")
    assert len(answer["placeholder"]) <= decode.MAX_PLACEHOLDER
    for data, size in ((clean, (2000, 1000)), (small, (720, 360)), (large, (1440, 720))):
        assert Image.open(io.BytesIO(data)).size == size
    for data in (small, large):
        assert Image.open(io.BytesIO(data)).info.keys() <= {"loop", "background", "duration", "timestamp"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_previews_are_upright_and_have_no_exif(orientation):
    upright = Image.open(io.BytesIO(picture((40, 20))))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    turned = upright.transpose(Image.Transpose(back[orientation])) if orientation > 1 else upright
    data = io.BytesIO()
    turned.save(data, "PNG")
    answer, (clean, small, _) = asked(
        "image/png", png(chunk(b"eXIf", tiff(orientation)), plain=data.getvalue())
    )
    assert (answer["width"], answer["height"]) == (40, 20)
    image = Image.open(io.BytesIO(small)).convert("RGB")
    assert image.size == (40, 20)
    corners = [image.getpixel(at) for at in ((2, 2), (37, 2), (2, 17), (37, 17))]
    assert corners[0][1] < 60
    assert all(corner[1] > 200 for corner in corners[1:])
    assert SECRET not in clean


def test_a_small_picture_has_one_preview_of_its_size():
    answer, (_, small, large) = asked("image/png", picture((6, 4)))
    assert (answer["small"], answer["large"], large) == ((6, 4), None, b"")
    assert Image.open(io.BytesIO(small)).size == (6, 4)


def test_a_long_picture_keeps_a_width_that_can_be_read():
    answer, _ = asked("image/png", picture((900, 9000)))
    assert answer["small"] == (144, 1440)
    assert answer["large"] is None


def test_the_original_of_an_animation_stays_and_its_first_frame_is_the_preview():
    for form in ("GIF", "PNG", "WEBP"):
        answer, (clean, small, _) = asked(f"image/{form.lower()}", animated(form, 3))
        assert answer["frames"] == 3, form
        assert Image.open(io.BytesIO(clean)).n_frames == 3
        assert getattr(Image.open(io.BytesIO(small)), "n_frames", 1) == 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_mode_of_png_has_a_preview(mode):
    answer, _ = asked("image/png", picture((6, 4), mode))
    assert answer["small"] == (6, 4)


def test_a_picture_of_print_has_a_preview():
    assert asked("image/jpeg", picture((6, 4), "CMYK", "JPEG"))[0]["small"] == (6, 4)


def test_a_preview_has_no_profile_of_colours():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for form in ("JPEG", "PNG", "WEBP"):
        _, (clean, small, _) = asked(f"image/{form.lower()}", picture(form=form, icc_profile=profile))
        assert "icc_profile" in Image.open(io.BytesIO(clean)).info, form
        assert "icc_profile" not in Image.open(io.BytesIO(small)).info, form
    _, (clean, _, _) = asked("image/tiff", picture(form="TIFF", icc_profile=profile))
    assert "icc_profile" not in Image.open(io.BytesIO(clean)).info


@pytest.mark.parametrize("form", ["BMP", "TIFF"])
def test_other_forms_become_png(form):
    options = {"exif": tiff(6), "comment": SECRET} if form == "TIFF" else {}
    answer, (clean, _, _) = asked(f"image/{form.lower()}", picture((6, 4), "RGB", form, **options))
    assert answer["type"] == "image/png"
    assert SECRET not in clean
    assert Image.open(io.BytesIO(clean)).size == ((4, 6) if form == "TIFF" else (6, 4))


def test_a_picture_of_a_phone_is_cleaned_and_kept_as_it_is():
    answer, (clean, _, _) = asked("image/heic", heic())
    assert (answer["type"], answer["small"], answer["width"]) == ("image/heic", None, None)
    assert SECRET not in clean


def test_an_avif_is_cleaned_in_its_place():
    # Pillow's own file has its EXIF as an item, as cameras write it.
    data = picture((64, 48), form="AVIF", exif=b"Exif\x00\x00" + tiff(), xmp=b"<x:xmpmeta>" + SECRET)
    assert data.count(SECRET) == 2
    answer, (clean, _, _) = asked("image/avif", data)
    assert SECRET not in clean
    assert len(clean) == len(data)
    assert (answer["small"], answer["width"], answer["height"]) == ((64, 48), 64, 48)


SWOLLEN = zlib.compress(bytes(50_000_000))


class TestBombs:
    """Sizes stand in a picture's head, so none of these is decoded: no memory is taken for them."""

    @pytest.fixture(autouse=True)
    def no_memory(self):
        tracemalloc.start()
        yield
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 8_000_000

    def test_a_picture_of_3_600_megapixels_is_cleaned_and_not_decoded(self):
        answer, (clean, small, _) = asked("image/png", png_head(60_000, 60_000))
        assert (answer["width"], answer["small"], small) == (60_000, None, b"")
        assert clean == png_head(60_000, 60_000)

    def test_a_webp_of_the_largest_size(self):
        vp8 = b"\x50\x01\x00\x9d\x01\x2a" + struct.pack("<HH", 16_383, 16_383) + bytes(40)
        answer, _ = asked("image/webp", riff(webp_chunk(b"VP8 ", vp8)))
        assert answer["small"] is None

    def test_ten_thousand_frames_are_no_animation_to_be_shown(self):
        answer, (clean, _, _) = asked("image/gif", gif(frames=10_000))
        assert (answer["frames"], answer["small"]) == (10_000, None)
        assert len(clean) == len(gif(frames=10_000))

    def test_few_frames_with_many_pixels_neither(self):
        large = gif(frames=20).replace(b"GIF89a\x40\x00\x40\x00", b"GIF89a\x70\x17\x70\x17")
        answer, _ = asked("image/gif", large)
        assert (answer["width"], answer["frames"], answer["small"]) == (6000, 20, None)

    def test_text_that_swells(self):
        swollen = chunk(b"zTXt", b"Comment\x00\x00" + SWOLLEN)
        answer, (clean, _, _) = asked("image/png", png(swollen))
        assert answer["small"] == (6, 4)
        assert clean == picture()

    def test_a_profile_that_swells(self):
        swollen = chunk(b"iCCP", b"name\x00\x00" + SWOLLEN)
        answer, _ = asked("image/png", png(swollen))
        assert answer.get("refused") == "damaged"

    def test_one_that_is_encoded_anew(self):
        head = bytearray(picture(form="BMP"))
        head[18:26] = struct.pack("<ii", 60_000, 60_000)
        assert refused("image/bmp", bytes(head)) == "too_large"


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("image/jpeg", jpeg(size=(800, 600))[:2000]),
        ("image/jpeg", b"\xff\xd8\xff" + bytes(100)),
        ("image/gif", b"GIF89a\x01\x00<script>alert(1)</script>" + bytes(40)),
        ("image/webp", b"RIFF\xff\xff\xff\xffWEBPVP8 "),
        ("image/png", b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b"")),
        ("image/tiff", b"MM\x00*" + bytes(40)),
        ("image/heic", heic()[:-4]),
        ("video/mp4", mp4()[:-4]),
        # What it is said to be, and is not.
        ("image/png", jpeg()),
        ("image/jpeg", picture()),
        ("image/bmp", picture()),
    ],
)
def test_what_is_damaged_or_another_thing_is_refused(type_, data):
    assert refused(type_, data) == "damaged"


def test_a_large_file_is_refused_unread():
    assert refused("image/png", png(behind=bytes(1000)), max_bytes=1000) == "too_large"


def test_data_that_dont_decode_leave_a_file_without_previews():
    plain = picture((40, 40))
    at = plain.index(b"IDAT")
    broken = plain[: at + 10] + b"\xff" * 8 + plain[at + 18 :]
    answer, (clean, small, large) = asked("image/png", broken)
    assert (answer["small"], answer["placeholder"], small, large) == (None, "", b"", b"")
    assert clean == broken


def test_an_archive_behind_a_photo_goes():
    _, (clean, _, _) = asked("image/jpeg", jpeg(behind=b"PK\x03\x04 an archive"))
    assert b"PK\x03\x04" not in clean


def test_several_pages_are_refused():
    assert refused("image/tiff", animated("TIFF")) == "unsupported"


def test_a_cameras_raw_file_is_refused_and_not_replaced_by_its_thumbnail():
    raw = picture(form="TIFF", tiffinfo={50706: bytes((1, 4, 0, 0))})
    assert refused("image/tiff", raw) == "unsupported"


def test_what_slips_through_the_list_is_seen(monkeypatch):
    """A list with a hole: the last look finds what was left."""
    monkeypatch.setattr(
        "files.pictures.stripping.png.KEPT", {b"IHDR", b"IDAT", b"IEND", b"tEXt", b"iTXt", b"eXIf"}
    )
    assert refused("image/png", png(chunk(b"eXIf", tiff()))) == "metadata"
    assert refused("image/png", png(chunk(b"tEXt", b"Description\x00" + SECRET))) == "metadata"
