"""Pictures and films as bytes, with metadata that a test looks for again."""

import io
import struct
import zlib

from PIL import Image

SECRET = b"GPS 48.8584 N 2.2945 E"


def tiff(orientation: int = 1, order: str = "big") -> bytes:
    """EXIF with an orientation, and behind it what has to go."""
    mark, sign = (b"MM\x00*", ">") if order == "big" else (b"II*\x00", "<")
    entry = struct.pack(f"{sign}HHIHH", 0x0112, 3, 1, orientation, 0)
    maker = struct.pack(f"{sign}HHII", 0x010F, 2, len(SECRET), 38)
    return mark + struct.pack(f"{sign}IH", 8, 2) + maker + entry + bytes(4) + SECRET


def picture(size: tuple[int, int] = (6, 4), mode: str = "RGB", form: str = "PNG", **options) -> bytes:
    """A picture whose upper left quarter is red."""
    image = Image.new(mode, size, "white" if mode in ("RGB", "L") else None)
    image.paste("red" if mode == "RGB" else 1, (0, 0, size[0] // 2, size[1] // 2))
    data = io.BytesIO()
    image.save(data, form, **options)
    return data.getvalue()


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def jpeg(*segments: bytes, size: tuple[int, int] = (6, 4), behind: bytes = b"", **options) -> bytes:
    plain = picture(size, form="JPEG", **options)
    return plain[:2] + b"".join(segments) + plain[2:] + behind


def exif_segment(orientation: int = 1, order: str = "big") -> bytes:
    return segment(0xE1, b"Exif\x00\x00" + tiff(orientation, order))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks: bytes, behind: bytes = b"", plain: bytes | None = None) -> bytes:
    """A PNG with further chunks behind its head."""
    plain = plain or picture()
    return plain[:33] + b"".join(chunks) + plain[33:] + behind


def png_head(width: int, height: int) -> bytes:
    """A PNG of any size, with the data of nearly none."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def animated(form: str, frames: int = 3, size: tuple[int, int] = (8, 6), **options) -> bytes:
    images = [Image.new("RGB", size, (60 * number, 0, 200)) for number in range(frames)]
    data = io.BytesIO()
    images[0].save(data, form, save_all=True, append_images=images[1:], duration=50, loop=0, **options)
    return data.getvalue()


def riff(*chunks: bytes, behind: bytes = b"") -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body + behind


def webp_chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def gif_blocks(data: bytes) -> bytes:
    pieces = [data[begun : begun + 255] for begun in range(0, len(data), 255)]
    return b"".join(bytes((len(piece),)) + piece for piece in pieces) + b"\x00"


def gif(*extensions: bytes, frames: int = 1, behind: bytes = b"", end: bytes = b";") -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 64, 64, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    frame = (
        b"\x21\xf9\x04\x00\x05\x00\x00\x00," + struct.pack("<HHHHB", 0, 0, 2, 1, 0) + b"\x02\x02\x84\x51\x00"
    )
    return head + b"".join(extensions) + frame * frames + end + behind


def box(kind: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return struct.pack(">I", len(data) + 8) + kind + data


def track(handler: bytes, width: int = 0, height: int = 0, *further: bytes, turned: bool = False) -> bytes:
    matrix = (
        [0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30]
        if turned
        else [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30]
    )
    head = struct.pack(">IIIII", 0, 777, 777, 1, 0) + bytes(4 + 16) + struct.pack(">9i", *matrix)
    media = box(b"mdhd", struct.pack(">IIIII", 0, 777, 777, 1000, 5000) + bytes(4))
    handler_box = box(b"hdlr", bytes(8) + handler + bytes(13))
    return box(
        b"trak",
        box(b"tkhd", head + struct.pack(">II", width << 16, height << 16)),
        box(b"mdia", media, handler_box),
        *further,
    )


def mp4(*in_movie: bytes, brand: bytes = b"isom", top: bytes = b"", tracks: bytes | None = None) -> bytes:
    head = box(b"mvhd", struct.pack(">IIIII", 0, 777, 777, 1000, 12_500) + bytes(80))
    shown = track(b"vide", 640, 360) if tracks is None else tracks
    ftyp = box(b"ftyp", brand, bytes(4), b"isomiso2mp41")
    return ftyp + box(b"mdat", b"frames of the film") + box(b"moov", head, shown, *in_movie) + top


def heic(*further: bytes, exif: bytes = SECRET, brand: bytes = b"heic") -> bytes:
    """A HEIF as phones write it: a picture and EXIF as items, whose places stand in `iloc`."""
    head = box(b"ftyp", brand, bytes(4), b"mif1" + brand)
    handler = box(b"hdlr", bytes(8) + b"pict" + bytes(13))

    def entry(number: int, kind: bytes) -> bytes:
        return box(b"infe", bytes((2, 0, 0, 0)) + struct.pack(">HH", number, 0) + kind + b"\x00")

    entries = box(b"iinf", bytes(4) + struct.pack(">H", 2), entry(1, b"hvc1"), entry(2, b"Exif"))
    pixels = b"coded picture"

    def meta(start: int) -> bytes:
        places = b"".join(
            struct.pack(">HHHII", number, 0, 1, place, length)
            for number, place, length in ((1, start, len(pixels)), (2, start + len(pixels), len(exif)))
        )
        iloc = box(b"iloc", bytes((0, 0, 0, 0, 0x44, 0)) + struct.pack(">H", 2) + places)
        return box(b"meta", bytes(4), handler, entries, iloc, *further)

    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", pixels, exif)
