"""Removal of metadata by container, without encoding a picture anew: a list says what stays, and the rest goes.

What shows the picture stays: its data, colours, animation, and the one number of EXIF that says which side is up.
"""

from collections.abc import Callable
from typing import NamedTuple

from files.pictures.source import Part, Source
from files.pictures.stripping import gif, isobmff, jpeg, png, webp


class Stripped(NamedTuple):
    """A file without metadata, as parts of the old one, and how many frames it has."""

    parts: list[Part]
    frames: int


STRIPPERS: dict[str, Callable[[Source], tuple[list[Part], int]]] = {
    "image/jpeg": jpeg.stripped,
    "image/png": png.stripped,
    "image/gif": gif.stripped,
    "image/webp": webp.stripped,
    "image/avif": isobmff.stripped_picture,
    "image/heic": isobmff.stripped_picture,
}


def strip(type_: str, source: Source) -> Stripped | None:
    """Return what a picture of this type is without its metadata; None for types that have to be encoded anew.
    Raises Refused."""
    stripper = STRIPPERS.get(type_)
    return Stripped(*stripper(source)) if stripper else None
