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
    ),
    *of("video", ("video/3gpp", "3gp"), work=True),
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
    "image/apng": "image/png",
    "audio/x-flac": "audio/flac",
    "audio/x-wav": "audio/wav",
    "audio/x-aiff": "audio/aiff",
    "application/x-rar": "application/x-rar-compressed",
    "application/x-zstd": "application/zstd",
}
# Pictures of cameras and scanners that nothing here can clean of where they were taken, by `filetype`'s names and by the
# signatures of those that it doesn't know: JPEG 2000, JPEG XL, and raw files.
UNCLEANABLE = {"image/jpx", "image/x-canon-cr2", "image/vnd.ms-photo", "canon-cr3"}
UNCLEANABLE_SIGNATURES = (
    *(b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cJXL ", b"\xff\x0a"),
    *(b"II\xbc", b"IIRO", b"IIRS", b"MMOR", b"IIU\x00", b"FUJIFILMCCD-RAW", b"FOVb"),
)
# Brands of ISO base media files (mp4 and its relatives), of which `filetype` knows some; any other is a film. The first
# brand that is in the table decides.
BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), "image/heic"),
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P "), "audio/mp4"),
    **dict.fromkeys(
        (b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3gp8", b"3gp9", b"3g2a", b"3g2b", b"3g2c"), "video/3gpp"
    ),
    **dict.fromkeys((b"isom", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash", b"MSNV", b"XAVC"), "video/mp4"),
    b"qt  ": "video/quicktime",
    b"crx ": "canon-cr3",
}
# Brands of any HEIF; a more particular one may follow.
HEIF_BRANDS = {b"mif1", b"mif2", b"msf1", b"miaf"}
MAX_BRANDS = 64
# Types that may be all text: what else is text is no more than that, whatever signature it begins with ("BM" is a bitmap's).
TEXTUAL = {"application/pdf", "application/rtf", "application/postscript"}


def guess(head: bytes) -> FileType | None:
    """Tell the type of a file by its first HEAD_BYTES, or all it has; None for a picture that can't be cleaned."""
    name = by_brand(head) or by_signature(head)
    if name not in TEXTUAL and is_text(head):
        return TEXT
    if name in UNCLEANABLE or head.startswith(UNCLEANABLE_SIGNATURES):
        return None
    return TYPES.get(name, UNKNOWN)


def by_signature(head: bytes) -> str:
    name = filetype.guess_mime(head[:SIGNATURE_BYTES]) or ""
    return OTHER_NAMES.get(name, name)


def by_brand(head: bytes) -> str | None:
    """Tell the type of an ISO base media file; None for another."""
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4], "big"), 16 + 4 * MAX_BRANDS, len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    known = [BRANDS[brand] for brand in brands if brand in BRANDS]
    if HEIF_BRANDS & {*brands}:
        known = [name for name in known if not name.startswith("video/")] or ["image/heic"]
    return known[0] if known else "video/mp4"


def is_text(head: bytes) -> bool:
    """Return whether the beginning of a file is UTF-8 without NUL; a letter may be cut at its end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return b"\x00" not in head
