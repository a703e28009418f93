"""What a file is, by its content; what it is called; and where it lies."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.storage import keys
from files.uploading import kinds, names
from tests.files.containers import animated, gif, heic, jpeg, mp4, picture, riff, webp_chunk

OCTETS, TEXT = "application/octet-stream", "text/plain"


def archive(*members: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name in members:
            file.writestr(name, "<x/>")
    return data.getvalue()


CONTENTS = {
    "jpeg": (jpeg(), "image/jpeg", True),
    "png": (picture(), "image/png", True),
    "apng": (animated("PNG"), "image/png", True),
    "gif": (gif(), "image/gif", True),
    "webp": (riff(webp_chunk(b"VP8 ", bytes(40))), "image/webp", True),
    "avif": (heic(brand=b"avif"), "image/avif", True),
    "avif with heif's brand": (heic(brand=b"avif").replace(b"ftypavif", b"ftypmif1"), "image/avif", True),
    "heic": (heic(), "image/heic", False),
    "another heif": (heic(brand=b"heix"), "image/heic", False),
    "a heif of no known brand": (heic(brand=b"mif1"), "image/heic", False),
    "film of no known brand": (b"\x00\x00\x00\x10ftypnew!" + bytes(40), "video/mp4", True),
    "m4a": (mp4(brand=b"M4A "), "audio/mp4", True),
    "bmp": (picture(form="BMP"), "image/bmp", False),
    "tiff": (picture(form="TIFF"), "image/tiff", False),
    "mp4": (mp4(), "video/mp4", True),
    "mov": (mp4(brand=b"qt  "), "video/quicktime", True),
    "mp3": (b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x64" + bytes(500), "audio/mpeg", True),
    "flac": (b"fLaC\x00\x00\x00\x22" + bytes(200), "audio/flac", True),
    "pdf": (b"%PDF-1.7\n1 0 obj\n", "application/pdf", False),
    "docx": (
        archive("[Content_Types].xml", "word/document.xml"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        False,
    ),
    "zip": (archive("a.txt"), "application/zip", False),
    "program": (b"\x7fELF\x02\x01\x01" + bytes(60), OCTETS, False),
    "noise": (bytes(range(256)), OCTETS, False),
    "html": (b"<!DOCTYPE html><html><script>alert(1)</script></html>", TEXT, False),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', TEXT, False),
    "xml": (b'<?xml version="1.0"?><a/>', TEXT, False),
    "script": (b"#!/bin/sh\nrm -rf /\n", TEXT, False),
    "letters": ("Grüße, 世界, مرحبا\n".encode(), TEXT, False),
    "nothing": (b"", TEXT, False),
    "a letter cut in two": (("a" * 65_535 + "ü").encode()[: kinds.HEAD_BYTES], TEXT, False),
    # Texts that begin as other files do.
    "a word like a bitmap": (b"BMW and other cars\n" * 9, TEXT, False),
    "a word like a program": (b"MZ is the sign of DOS\n", TEXT, False),
    # Two kinds at once: what it is for a browser that doesn't guess is what it begins as, or text.
    "gif and script": (b"GIF89a/*<script>*/=1;//", TEXT, False),
    "gif and page": (b"GIF89a\x01\x00<script>alert(1)</script>", "image/gif", True),
    "page before a pdf": (b"\x00<html>%PDF-1.7\n\xff", OCTETS, False),
    "utf-16": ("<script>".encode("utf-16"), OCTETS, False),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_the_content_says_what_a_file_is(name):
    data, media_type, inline = CONTENTS[name]
    found = kinds.guess(data)
    assert found
    assert (found.media_type, found.inline) == (media_type, inline)


def test_what_a_browser_could_run_is_never_shown_in_it():
    shown = {each.media_type for each in kinds.TYPES.values() if each.inline}
    assert all(re.fullmatch("(image|audio|video)/[a-z0-9]+", name) for name in shown)
    assert not shown & {"image/svg+xml", "text/html", "application/pdf", "text/plain"}


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(60),
        b"\xff\x0a\xfa" + bytes(60),
        b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(60),
        heic(brand=b"crx "),
    ],
)
def test_a_picture_that_nothing_cleans_has_no_type(data):
    assert kinds.guess(data) is None


@given(st.binary(max_size=400))
def test_any_content_has_a_type_of_the_table(data):
    found = kinds.guess(data)
    assert found is None or found is kinds.UNKNOWN or kinds.TYPES[found.media_type] is found


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("отчёт за март.pdf", "отчёт за март.pdf"),
        ("報告書.docx", "報告書.docx"),
        ("تقرير.pdf", "تقرير.pdf"),
        ("می‌خواهم.txt", "می‌خواهم.txt"),
        ("👩‍🔧.png", "👩‍🔧.png"),
        ("cafe\u0301.txt", "café.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\photo.jpg", "photo.jpg"),
        ("/", "file"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        (" \u200b\u0301 ", "file"),
        (".bashrc", ".bashrc"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("nul\x00.exe", "nul.exe"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("\u2066right\u2069.txt", "right.txt"),
        ("half \ud83d.txt", "half .txt"),
        ("trailing. . ", "trailing"),
    ],
)
def test_names(given_name, kept):
    assert names.cleaned(given_name) == kept


@pytest.mark.parametrize("letter", ["a", "ü", "界", "👍", "e\u0323\u0302"])
def test_a_long_name_keeps_its_extension(letter):
    name = names.cleaned(letter * 300 + ".tar.gz")
    assert len(name.encode()) <= names.MAX_NAME_BYTES
    assert name.endswith(".gz")
    assert len(name.encode()) > names.MAX_NAME_BYTES - 8


@given(st.text(st.characters(), max_size=400))
def test_any_name_is_one_part_of_a_path_and_stays_as_it_is(name):
    kept = names.cleaned(name)
    assert 0 < len(kept.encode()) <= names.MAX_NAME_BYTES
    assert not {"/", "\\", "\x00", "\n", "\r"} & {*kept}
    assert kept not in (".", "..")
    assert names.cleaned(kept) == kept


def test_another_extension():
    assert names.with_extension("scan.2024.bmp", "png") == "scan.2024.png"
    assert names.with_extension("scan", "png") == "scan.png"
    assert len(names.with_extension("a" * 255, "png").encode()) == 255


def test_a_path_is_of_our_own_making():
    key = keys.new_key()
    assert keys.path_of(Path("/up"), key) == Path("/up", key[:2], key[2:4], key)


# Not a new one: each of the processes that run the tests must find the same ones.
GIVEN = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.parametrize(
    "key",
    ["", "..", "../../etc/passwd", "a" * 36, GIVEN.upper(), GIVEN + "\n", "/" + GIVEN],
)
def test_no_path_leaves_the_folder(key):
    with pytest.raises(ValueError, match="not a key"):
        keys.path_of(Path("/up"), key)
