"""What a page says of itself is read as browsers would, from markup of any quality, in one pass."""

import json

import pytest

from previews.fetching.parsing import Page, parsed, parsed_oembed, tidy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<title>One</title><title>Two</title>", "One"),
        ("<TITLE lang=en>\n A &amp; B&nbsp;&lt;c&gt;\t d</TITLE>", "A & B <c> d"),
        ("<title>Page</title><meta property='og:title' content=\"It's\">", "It's"),
        (
            "<meta content=First name=twitter:title><meta property=og:title content='Best &quot;one&quot;'>",
            'Best "one"',
        ),
        ("<META PROPERTY = 'OG:Title'  CONTENT = Loud />", "Loud"),
        ("<meta property=og:title content=''><title>Kept</title>", "Kept"),
        ("<meta property=og:title content=a><meta property=og:title content=b>", "a"),
        ("<!-- <title>No</title> --><title>Yes</title>", "Yes"),
        ("<script>'<title>No</title>'</script><style></style><title>Yes</title>", "Yes"),
        ("<svg><title>No</title></svg><noscript><title>No</title></noscript><title>Yes</title>", "Yes"),
        ("<title>Yes</title></head><meta property=og:title content=No>", "Yes"),
        ("<title>Yes</title><body><meta property=og:title content=No>", "Yes"),
        ("<titles>No</titles><metadata content=x><title>Yes</title>", "Yes"),
        ("<title>Cut short", "Cut short"),
        ("<meta property=og:title content='Cut", ""),
        ("<title>&#9999999999;&#" + "9" * 5000 + ";x</title>", "\ufffd\ufffd"),
        ("<title>" + "é" * 300 + "</title>", "é" * 199 + "…"),
        ("", ""),
    ],
)
def test_titles(text, expected):
    assert parsed(text.encode(), "utf-8").title == expected


def test_descriptions_pictures_and_oembed():
    text = """<meta name=description content="plain"><meta name="og:description" content="better">
        <meta name=twitter:image content=/small.png><meta property=og:image content=" /large.png ">
        <link rel="shortcut icon" href=/icon><link href="/o?a=1&amp;b=2" type=APPLICATION/JSON+oembed rel="x alternate">"""
    assert parsed(text.encode(), None) == Page("", "better", "/large.png", "/o?a=1&b=2")


@pytest.mark.parametrize(
    ("before", "encoding", "header"),
    [
        (b"", "utf-8", None),
        (b"", "utf-16-le", "utf-16le"),
        (b"\xff\xfe", "utf-16-le", "iso-8859-1"),
        (b"\xef\xbb\xbf", "utf-8", "windows-1252"),
        (b"", "windows-1252", "Windows-1252"),
        (b'<meta http-equiv=x content="text/html; charset=iso-8859-1">', "iso-8859-1", None),
        (b"<meta charset='ISO-8859-1'>", "utf-8", "utf-8"),
        (b"", "utf-8", "utf-7"),
        (b"", "utf-8", "rot13"),
        (b"", "utf-8", "windows-9999"),
    ],
)
def test_charsets(before, encoding, header):
    assert parsed(before + "<title>Grüße</title>".encode(encoding), header).title == "Grüße"


@pytest.mark.parametrize("answer", [[], 1, None, {}, {"title": 5, "thumbnail_url": ["x"]}, {"title": None}])
def test_an_oembed_answer_that_is_none(answer):
    assert parsed_oembed(json.dumps(answer).encode()) == Page()
    assert parsed_oembed(b"{") == parsed_oembed(b"[" * 60_000) == parsed_oembed(b"\xff") == Page()


def test_texts_are_one_line_that_can_be_stored_and_turns_nothing_around():
    assert tidy(" a\n\tb\0\x1b[1m \u202ec\u2066 \ud800 👩‍🚒 ", 100) == "a b[1m c 👩‍🚒"
    assert tidy("x" * 11, 10) == "x" * 9 + "…"


# 256 KB each. Parsers that look ahead for an end at each beginning take minutes for these.
ENDLESS = [
    "<!--",
    '<meta a="',
    "<meta a='\"",
    "<title>",
    "<script>",
    "<",
    "<meta ",
    "a= ",
    "<link rel=alternate ",
    "&#9",
]


@pytest.mark.parametrize("piece", ENDLESS)
def test_nothing_is_looked_at_twice(piece):
    data = (piece * (262_144 // len(piece))).encode()
    assert parsed(b"<title>Kept</title>" + data, None).title == "Kept"
