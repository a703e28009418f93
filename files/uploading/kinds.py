"""The kind of a file, from its content. Neither its name nor what a client says of it counts.

The table is closed: what isn't in it is served as `application/octet-stream`, and only the types that it marks may be shown
by a browser; all others are downloads.
"""

import codecs
from dataclasses import dataclass

import filetype

# Bytes from the beginning of a file by which its type is told: what `guess` wants.
HEAD_BYTES = 65_536
# Those in which signatures stand: `filetype` reads no further.
SIGNATURE_BYTES = 8192


@dataclass(frozen=True)
class FileType:
    """A type of files: the media type that it is served with, and its kind for people: "picture", "audio", "video", "text",
    "document", "archive" or "other". `inline` types are shown by browsers; those with `work` are cleaned by the child
    process."""

    media_type: str
    kind: str
    extension: str
    inline: bool = False
    work: bool = False


def of(kind: str, *types: tuple[str, str], inline: bool = False, work: bool = False) -> list[FileType]:
    return [FileType(media_type, kind, extension, inline, work) for media_type, extension in types]


UNKNOWN = FileType("application/octet-stream", "other", "bin")
TEXT = FileType("text/plain", "text", "txt")
_TYPES = [
    *of(
        "picture",
        ("image/jpeg", "jpg"),
        ("image/png", "png"),
        ("image/gif", "gif"),
        ("image/webp", "webp"),
        ("image/avif", "avif"),
        inline=True,
        work=True,
    ),
    # Browsers don't show them: HEIC is kept as a download, the others become PNG.
    *of("picture", ("image/heic", "heic"), ("image/bmp", "bmp"), ("image/tiff", "tif"), work=True),
    *of("video", ("video/mp4", "mp4"), ("video/quicktime", "mov"), inline=True, work=True),
    *of("video", ("video/webm", "webm"), inline=True),
    *of(
        "video",
        ("video/x-matroska", "mkv"),
        ("video/x-msvideo", "avi"),
        ("video/mpeg", "mpg"),
        ("video/x-ms-wmv", "wmv"),
        ("video/x-flv", "flv"),
        ("video/3gpp", "3gp"),
    ),
    *of("audio", ("audio/mp4", "m4a"), inline=True, work=True),
    *of(
        "audio",
        ("audio/mpeg", "mp3"),
        ("audio/ogg", "ogg"),
        ("audio/flac", "flac"),
        ("audio/wav", "wav"),
        ("audio/aac", "aac"),
        inline=True,
    ),
    *of("audio", ("audio/midi", "mid"), ("audio/amr", "amr"), ("audio/aiff", "aiff")),
    TEXT,
    *of(
        "document",
        ("application/pdf", "pdf"),
        ("application/rtf", "rtf"),
        ("application/postscript", "ps"),
        ("application/epub+zip", "epub"),
        ("application/msword", "doc"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
        ("application/vnd.ms-excel", "xls"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        ("application/vnd.ms-powerpoint", "ppt"),
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
        ("application/vnd.oasis.opendocument.text", "odt"),
        ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
        ("application/vnd.oasis.opendocument.presentation", "odp"),
        ("image/vnd.adobe.photoshop", "psd"),
        ("image/vnd.dwg", "dwg"),
        ("image/x-xcf", "xcf"),
        ("image/x-icon", "ico"),
    ),
    *of(
        "archive",
        ("application/zip", "zip"),
        ("application/x-tar", "tar"),
        ("application/x-rar-compressed", "rar"),
        ("application/gzip", "gz"),
        ("application/x-bzip2", "bz2"),
        ("application/x-7z-compressed", "7z"),
        ("application/x-xz", "xz"),
        ("application/zstd", "zst"),
    ),
]
TYPES = {each.media_type: each for each in _TYPES}
# What `filetype` calls some of them.
OTHER_NAMES = {
    "audio/x-flac": "audio/flac",
    "audio/x-wav": "audio/wav",
    "audio/x-aiff": "audio/aiff",
    "video/x-m4v": "video/mp4",
    "application/x-rar": "application/x-rar-compressed",
    "application/x-zstd": "application/zstd",
}
# Pictures of cameras and scanners that nothing here can clean of where they were taken.
UNCLEANABLE = {"image/jpx", "image/jxl", "image/x-canon-cr2", "image/vnd.ms-photo", "image/dicom"}
# Types that may be all text: what else is text is no more than that, whatever signature it begins with ("BM" is a bitmap's).
TEXTUAL = {"application/pdf", "application/rtf", "application/postscript"}


def guess(head: bytes) -> FileType | None:
    """Tell the type of a file by its first HEAD_BYTES, or all it has; None for a picture that can't be cleaned."""
    found = filetype.guess_mime(head[:SIGNATURE_BYTES]) or ""
    name = OTHER_NAMES.get(found, found)
    if name not in TEXTUAL and is_text(head):
        return TEXT
    return None if name in UNCLEANABLE else TYPES.get(name, UNKNOWN)


def is_text(head: bytes) -> bool:
    """Return whether the beginning of a file is UTF-8 without NUL; a letter may be cut at its end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return b"\x00" not in head
