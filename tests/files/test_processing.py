"""A file's way through the child process, and what the server makes of an answer that isn't true."""

import io
import json
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chatsite.operations.doctor import children
from chatsite.subprocesses.supervisor import Child
from files.uploading import kinds, processing
from files.uploading.processing import Rejected, processed
from tests.files.containers import (
    SECRET,
    animated,
    box,
    exif_segment,
    heic,
    jpeg,
    mp4,
    picture,
    png_head,
    tiff,
)


@pytest.fixture(scope="module", autouse=True)
def ended():
    yield
    processing.decoder.end()


@contextmanager
def stored(data: bytes):
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file


def content(file) -> bytes:
    file.seek(0)
    return file.read()


def test_a_photo_comes_out_clean_with_previews():
    data = jpeg(exif_segment(6), size=(2000, 1000), behind=SECRET)
    with stored(data) as file, processed(file) as found:
        assert (found.type.media_type, found.inline) == ("image/jpeg", True)
        assert (found.width, found.height, found.frames) == (1000, 2000, 1)
        assert SECRET not in content(found.clean)
        assert content(file) == data
        sizes = {name: (each.width, each.height) for name, each in found.previews.items()}
        assert sizes == {"small": (720, 1440), "large": (1000, 2000)}
        for each in found.previews.values():
            assert Image.open(io.BytesIO(content(each.file))).size == (each.width, each.height)
        assert found.placeholder.startswith("data:image/webp;base64,")


def test_a_film_is_cleaned_in_its_place():
    data = mp4(box(b"udta", box(b"\xa9xyz", SECRET)))
    with stored(data) as file, processed(file) as found:
        assert (found.type.media_type, found.inline, found.clean) == ("video/mp4", True, None)
        assert (found.width, found.height, found.duration) == (640, 360, 12.5)
        assert SECRET not in content(file)
        assert len(content(file)) == len(data)


def test_a_film_that_cant_be_read_is_a_download():
    with stored(mp4()[:-5]) as file, processed(file) as found:
        assert (found.type, found.inline) == (kinds.UNKNOWN, False)


def test_other_files_stay_as_they_are():
    with stored(b"<script>alert(1)</script>") as file, processed(file) as found:
        assert (found.type, found.inline, found.clean, found.previews) == (kinds.TEXT, False, None, {})


def test_a_picture_of_another_form_is_taken_as_png():
    with stored(picture(form="TIFF", exif=tiff())) as file, processed(file) as found:
        assert (found.type.media_type, found.inline) == ("image/png", True)


@pytest.mark.parametrize("data", [png_head(60_000, 60_000), heic()])
def test_what_has_no_preview_is_a_download(data):
    with stored(data) as file, processed(file) as found:
        assert found.type.kind == "picture"
        assert (found.inline, found.previews, found.placeholder) == (False, {}, "")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (jpeg()[:-2], "damaged"),
        (b"GIF89a\x01\x00<script>alert(1)</script>", "damaged"),
        (animated("TIFF"), "unsupported"),
        (b"\xff\x0a\xfa" + bytes(60), "unsupported"),
    ],
)
def test_a_picture_that_cant_be_cleaned_is_rejected_with_a_sentence(data, reason):
    with stored(data) as file, pytest.raises(Rejected) as rejected, processed(file):
        pass
    assert rejected.value.reason == reason
    assert str(rejected.value) == processing.SENTENCES[reason]


def test_a_child_that_is_killed_for_its_deadline_rejects_the_picture(monkeypatch):
    child = Child(replace(processing.decoder.kind, name="slow", deadline=0.0))
    monkeypatch.setattr(processing, "decoder", child)
    with stored(picture()) as file, pytest.raises(Rejected, match="safely"), processed(file):
        pass
    assert child.pid is None


TRUE = {
    "type": "image/jpeg",
    "frames": 1,
    "width": 6,
    "height": 4,
    "small": [6, 4],
    "large": None,
    "placeholder": "",
}
PREVIEW = picture(form="WEBP").hex()


@pytest.fixture(scope="module")
def hostile():
    kind = replace(processing.decoder.kind, name="hostile", module="tests.files.hostile_decoder")
    child = Child(kind)
    yield child
    child.end()


@pytest.mark.parametrize(
    ("forged", "written"),
    [
        ({}, [jpeg().hex(), PREVIEW]),
        ({"type": "text/html"}, None),
        ({"type": "image/png"}, None),
        ({"type": ["image/jpeg"]}, None),
        ({"width": "6"}, None),
        ({"width": -6}, None),
        ({"width": True}, None),
        ({"height": 1 << 40}, None),
        ({"frames": 0}, None),
        ({"frames": 1.5}, None),
        ({"small": [6]}, None),
        ({"small": {"6": 4}}, None),
        ({"small": [6, None]}, None),
        ({"large": [6, 4]}, None),
        ({"placeholder": 'data:image/webp;base64,"><script>'}, None),
        ({"placeholder": "data:text/html;base64,AAAA"}, None),
        ({"placeholder": "data:image/webp;base64," + "A" * 1000}, None),
        ({"placeholder": None}, None),
        ({"grow": 100_000_000}, None),
        ({}, [b"<script>".hex(), PREVIEW]),
        ({}, [picture().hex(), PREVIEW]),
        ({}, [jpeg().hex(), b"<script>".hex()]),
        ({}, ["", PREVIEW]),
        ({"refused": "<script>"}, None),
        ({"refused": {"a": 1}}, None),
    ],
)
def test_no_answer_is_believed(hostile, monkeypatch, forged, written):
    monkeypatch.setattr(processing, "decoder", hostile)
    answer = {**TRUE, "written": written or [jpeg().hex(), PREVIEW], **forged}
    with stored(jpeg(behind=b"FORGE" + json.dumps(answer).encode())) as file:
        if not forged and written == [jpeg().hex(), PREVIEW]:
            with processed(file) as found:
                assert found.inline
            return
        with pytest.raises(Rejected) as rejected, processed(file):
            pass
        assert rejected.value.reason == "failed"


@pytest.mark.parametrize(
    "forged",
    [
        {"zeros": [[0, 1 << 40]]},
        {"zeros": [[-1, 1]]},
        {"zeros": [[0, 0]]},
        {"zeros": [[0, 10]] * 40_000},
        {"zeros": [[0, 200]] * 5},
        {"zeros": ["ab"]},
        {"renames": [1 << 40]},
        {"renames": [0.5]},
        {"renames": None},
        {"duration": "long"},
        {"duration": 1e300},
        {"width": "wide"},
    ],
)
def test_no_change_of_a_film_is_believed(hostile, monkeypatch, forged):
    monkeypatch.setattr(processing, "decoder", hostile)
    answer = {"width": 1, "height": 1, "duration": 1.0, "renames": [], "zeros": [], **forged}
    data = mp4(top=b"FORGE" + json.dumps(answer).encode())
    with stored(data) as file, processed(file) as found:
        assert (found.type, found.inline) == (kinds.UNKNOWN, False)
        assert content(file) == data


def test_changes_of_a_film_that_can_be_true_are_made(hostile, monkeypatch):
    monkeypatch.setattr(processing, "decoder", hostile)
    answer = {"width": 1, "height": 1, "duration": 1, "renames": [0], "zeros": [[8, 4]]}
    with stored(mp4(top=b"FORGE" + json.dumps(answer).encode())) as file, processed(file) as found:
        assert found.type.media_type == "video/mp4"
        assert content(file)[:12] == b"freeftyp" + bytes(4)


def test_the_command_tells_what_the_site_makes_of_a_file(tmp_path, capsys):
    path = tmp_path / "photo.tif"
    path.write_bytes(picture(form="TIFF", exif=tiff()))
    call_command("files", check=path, into=tmp_path / "kept")
    told = capsys.readouterr().out
    assert "photo.tif: image/png (picture), shown in pages." in told
    assert "small preview: 6 × 4" in told
    assert {each.name for each in (tmp_path / "kept").iterdir()} == {"photo.png", "photo.tif-small.webp"}
    assert SECRET not in (tmp_path / "kept" / "photo.png").read_bytes()


@pytest.mark.parametrize(("data", "sentence"), [(jpeg()[:-2], "damaged"), (None, "No such file")])
def test_the_command_says_why_a_file_is_refused(tmp_path, data, sentence):
    path = tmp_path / "photo.jpg"
    if data:
        path.write_bytes(data)
    with pytest.raises(CommandError, match=sentence):
        call_command("files", check=path)


def test_the_doctor_cleans_a_picture(monkeypatch):
    (finding,) = children.pictures()
    assert (finding.level, finding.topic) == ("ok", "pictures")
    broken = Child(replace(processing.decoder.kind, module="files.pictures.missing"))
    monkeypatch.setattr(processing, "decoder", broken)
    (finding,) = children.pictures()
    assert (finding.level, bool(finding.advice)) == ("wrong", True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("renames", "zeros"), JSON)))
def test_any_changes_of_a_film_are_checked_or_refused(answer):
    try:
        renames, zeros = processing.film_changes(answer, 1000)
    except (KeyError, TypeError, ValueError):
        return
    assert all(0 <= place <= 996 for place in renames)
    assert all(place >= 0 and count > 0 and place + count <= 1000 for place, count in zeros)


@given(JSON)
def test_any_value_is_checked_or_refused(value):
    for check in (processing.placeholder, processing.seconds, lambda value: processing.maybe(value, 100)):
        with suppress(ValueError):
            check(value)
