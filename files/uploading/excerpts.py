"""The first lines of a text file, as HTML that pages show."""

import codecs
import os
from collections.abc import Callable
from html import escape
from typing import BinaryIO

from files.uploading import names

# Lines, bytes and characters of a line that are shown.
MAX_LINES, MAX_BYTES, MAX_LINE_LENGTH = 12, 1200, 200
# Characters of their HTML: a page has it of up to ten files of each message.
MAX_HTML_LENGTH = 4000
# Colours code: returns the HTML of a text in the language with such an extension, None for an unknown one. Colours are
# `messaging`'s, which stands above: it registers its function here.
colourers: list[Callable[[str, str], str | None]] = []


def excerpt_of(file: BinaryIO, name: str) -> str:
    """Return the first lines of a text file as HTML, coloured by the extension of its name."""
    text = "\n".join(first_lines(os.pread(file.fileno(), MAX_BYTES, 0)))
    extension = names.split(name)[1].removeprefix(".")
    forms = [*(colour(text, extension) for colour in colourers), escape(text)]
    # What is made of marks alone is six times as long as HTML.
    return next((html for html in forms if html and len(html) <= MAX_HTML_LENGTH), escape(text[:400]))


def first_lines(head: bytes) -> list[str]:
    """Return the lines that are shown of a file that begins so; the last one may be cut."""
    text = codecs.getincrementaldecoder("utf-8-sig")("replace").decode(head).replace("\x00", "")
    return [line[:MAX_LINE_LENGTH] for line in text.splitlines()[:MAX_LINES]]
