"""What pages show of files: pictures in a grid, films and sound in place, the first lines of texts, all else as cards.

`static/js/models/file_views.js` has the same for what comes live; tests/js/file_views.json holds both to one result.
"""

from collections.abc import Sequence
from typing import Any

Payload = dict[str, Any]

# Pixels that a picture alone, or a film, takes at most; and the least side, so that a sliver can be pressed.
MAX_WIDTH, MAX_HEIGHT, MIN_SIDE = 360, 300, 56
# A film that doesn't say how large it is.
FILM_SIZE = (360, 203)
# Pictures that a grid shows; the last says how many more there are.
GRID_PICTURES = 4
# Pixels of a picture in a grid, for the choice of its preview.
GRID_WIDTH = 240
UNITS = ((1024**3, "GB"), (1024**2, "MB"), (1024, "KB"))
# Letters of a name's ending on a card.
MAX_MARK = 4
# One of each form, as a script's <template> has them.
UNSIZED = {"width": 1, "height": 1}
BLANK = {
    "ids": "",
    "shape": 1,
    "pictures": [{"animated": True, "more": 1, **UNSIZED}],
    "others": [{"form": form, **UNSIZED} for form in ("film", "sound", "text", "card")],
}


def file_views(files: Sequence[Payload] | None) -> Payload | None:
    """Return what the template `files/_files.html` shows of a message's files; None without any."""
    if not files:
        return None
    pictures = [file for file in files if form_of(file) == "picture"]
    return {
        "ids": " ".join(file["id"] for file in files),
        "shape": min(len(pictures), GRID_PICTURES),
        "pictures": [picture_view(file, place, len(pictures)) for place, file in enumerate(pictures)],
        "others": [other_view(file) for file in files if form_of(file) != "picture"],
    }


def form_of(file: Payload) -> str:
    """Return in which form a page shows a file: "picture", "film", "sound", "text" or "card"."""
    if file["kind"] == "picture" and file["preview"]:
        return "picture"
    if file["kind"] in ("video", "audio") and file["inline"]:
        return "film" if file["kind"] == "video" else "sound"
    return "text" if file["excerpt"] else "card"


def picture_view(file: Payload, place: int, count: int) -> Payload:
    small, large = file["preview"], file["preview"]["large"]
    width, height = fitted(small["width"], small["height"])
    return {
        "id": file["id"],
        "url": file["url"],
        "name": file["name"],
        "label": file["alt"] or file["name"],
        "alt": file["alt"],
        "note": size_in_words(file["size"]),
        "small": small["url"],
        "srcset": f"{small['url']} {small['width']}w, {large['url']} {large['width']}w" if large else "",
        "sizes": f"{width if count == 1 else GRID_WIDTH}px" if large else "",
        "large": (large or small)["url"],
        "width": width,
        "height": height,
        "placeholder": small["placeholder"],
        "animated": file["animated"],
        "more": count - GRID_PICTURES if place == GRID_PICTURES - 1 else 0,
    }


def other_view(file: Payload) -> Payload:
    form = form_of(file)
    width, height = fitted(file["width"], file["height"]) if file["width"] and file["height"] else FILM_SIZE
    length = [length_in_words(file["duration"])] if file["duration"] else []
    return {
        "id": file["id"],
        "form": form,
        "url": file["url"],
        "name": file["name"],
        "mark": mark_of(file["name"]),
        "note": " · ".join([*length, size_in_words(file["size"])]),
        "width": width,
        "height": height,
        "poster": file["preview"]["url"] if file["preview"] else "",
        "excerpt": file["excerpt"],
    }


def fitted(width: int, height: int) -> tuple[int, int]:
    """Return the size in which a picture is shown: never larger than it is, at its own ratio unless that is a sliver's."""
    scaled = [
        (width, height),
        (MAX_WIDTH, rounded(height * MAX_WIDTH, width)),
        (rounded(width * MAX_HEIGHT, height), MAX_HEIGHT),
    ]
    shown = min(scaled)
    return min(max(shown[0], MIN_SIDE), MAX_WIDTH), min(max(shown[1], MIN_SIDE), MAX_HEIGHT)


def rounded(dividend: int, divisor: int) -> int:
    """Divide, in whole numbers as scripts do, too."""
    return (2 * dividend + divisor) // (2 * divisor)


def size_in_words(size: int) -> str:
    """Return a number of bytes as "512 B", "3.4 MB" or "12 MB"."""
    for unit, name in UNITS:
        if size >= unit:
            tenths = rounded(size * 10, unit)
            return f"{rounded(tenths, 10)} {name}" if tenths >= 100 else f"{tenths / 10:g} {name}"
    return f"{size} B"


def length_in_words(seconds: float) -> str:
    """Return a length of time as "3:05" or "1:02:07"."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def mark_of(name: str) -> str:
    """Return the ending of a name for a card: "PDF"; "FILE" where there is none that fits."""
    ending = name.rpartition(".")[2] if "." in name else ""
    return ending.upper() if ending.isascii() and ending.isalnum() and len(ending) <= MAX_MARK else "FILE"
