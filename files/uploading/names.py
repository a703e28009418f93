"""Names of files: cleaned of what misleads or harms, and kept in any script."""

import re
import unicodedata

# Bytes of a name in UTF-8, as file systems allow.
MAX_NAME_BYTES = 255
# Bytes of an extension that stays when a name is cut.
MAX_EXTENSION_BYTES = 20
DEFAULT_NAME = "file"
# Characters that turn the direction of what follows: "cod.exe" could be shown as "exe.doc".
DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Control characters, halves of surrogates, and separators of lines.
UNSAFE_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
# What is no letter by itself: joiners and the like, spaces, accents.
INVISIBLE_CATEGORIES = {"Cf", "Zs", "Mn"}
# Accents that one letter may lose when a name is cut.
MAX_ACCENTS = 16
SEPARATORS = re.compile(r"[/\\]")


def cleaned(name: str) -> str:
    """Return the name by which a file is shown and downloaded: the last part of a path, without control characters and
    those of direction, of at most MAX_NAME_BYTES with its extension kept."""
    last = SEPARATORS.split(unicodedata.normalize("NFC", name))[-1]
    safe = "".join(letter for letter in last if is_safe(letter)).strip().rstrip(". ")
    return shortened(safe) if any(map(is_visible, safe)) else DEFAULT_NAME


def is_safe(letter: str) -> bool:
    return letter not in DIRECTIONS and unicodedata.category(letter) not in UNSAFE_CATEGORIES


def is_visible(letter: str) -> bool:
    return letter != "." and unicodedata.category(letter) not in INVISIBLE_CATEGORIES


def shortened(name: str) -> str:
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, extension = split(name)
    return cut(stem, MAX_NAME_BYTES - len(extension.encode())) + extension


def split(name: str) -> tuple[str, str]:
    """Split into stem and extension with its dot; "" where there is none, or what follows the dot is no extension."""
    stem, dot, extension = name.rpartition(".")
    if not stem or not extension or len(extension.encode()) >= MAX_EXTENSION_BYTES or " " in extension:
        return name, ""
    return stem, dot + extension


def cut(text: str, size: int) -> str:
    """Cut to `size` bytes of UTF-8, and not within a letter or before its accents."""
    end = len(text.encode()[:size].decode(errors="ignore"))
    for begun in range(end, max(0, end - MAX_ACCENTS), -1):
        if begun == len(text) or not unicodedata.combining(text[begun]):
            return text[:begun].rstrip()
    return text[:end].rstrip()


def with_extension(name: str, extension: str) -> str:
    """Give a cleaned name another extension: that of the type to which a picture was encoded."""
    return shortened(f"{split(name)[0]}.{extension}")
