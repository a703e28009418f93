"""Decoding of pictures by Pillow: a last look for metadata, and the small pictures that pages show."""

import base64
import io
import warnings
from contextlib import suppress
from typing import BinaryIO, NamedTuple

# Each plugin is imported here, as Pillow would otherwise load all forty when it meets a name that it doesn't know.
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from files.pictures.refusal import DAMAGED, METADATA, UNSUPPORTED, Refused

# Pillow's plugins for the types that are opened, each by its own alone.
PLUGINS = {
    "image/jpeg": JpegImagePlugin.JpegImageFile.format,
    "image/png": PngImagePlugin.PngImageFile.format,
    "image/gif": GifImagePlugin.GifImageFile.format,
    "image/webp": WebPImagePlugin.WebPImageFile.format,
    "image/avif": AvifImagePlugin.AvifImageFile.format,
    "image/bmp": BmpImagePlugin.BmpImageFile.format,
    "image/tiff": TiffImagePlugin.TiffImageFile.format,
}
# Types that browsers don't show or that have no list of what stays: a PNG takes their place.
ENCODED_ANEW = {"image/bmp", "image/tiff"}
# Widths of previews, for the page and for a screen of twice its density. Their height is at most twice as much.
SMALL, LARGE = 720, 1440
# The smallest preview's longer side; as a `data:` URI it has some 100 characters.
PLACEHOLDER_PIXELS, MAX_PLACEHOLDER = 16, 200
# Pillow's scale. Method 2 of libwebp takes a third of method 4's time for the same bytes.
QUALITY, METHOD = 80, 2
# Entries of Pillow's `info` that say how a picture is to be shown. All others say something about it.
SHOWN_KEYS = {
    *("icc_profile", "gamma", "srgb", "chromaticity", "transparency", "background", "interlace", "exif"),
    *("loop", "duration", "timestamp", "extension", "version", "default_image", "blend", "disposal", "bbox"),
    *("jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "adobe", "adobe_transform"),
    *("progressive", "progression"),
}
ORIENTATION_TAG = 0x0112
# Tags of TIFF by which a camera's raw file is known: its first picture is a thumbnail (SubIFDs, DNGVersion).
RAW_TAGS = {330, 50706}
# Modes that can be made smaller as they are: those with a palette would take the nearest colour.
REDUCIBLE = {"RGB", "RGBA", "L", "CMYK"}

# A decoder of AV1 would start a thread for each core, and this process may start none.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
# Pillow's own limit tells of a picture that is too large, and of one twice as large it raises: both are to raise.
warnings.simplefilter("error", Image.DecompressionBombWarning)


class Size(NamedTuple):
    width: int
    height: int


class Previews(NamedTuple):
    """Sizes of the previews that were written, and a `data:` URI, or "" where it would be long or shine through."""

    small: Size
    large: Size | None
    placeholder: str


def opened(file: BinaryIO, type_: str, max_pixels: int) -> Image.Image:
    """Open a picture by the plugin of its type alone; nothing is decoded yet. Raises Refused."""
    file.seek(0)
    # Of the largest picture that is decoded; a larger one is opened for its size alone.
    Image.MAX_IMAGE_PIXELS = None
    try:
        image = Image.open(file, formats=(PLUGINS[type_],))
    except Exception:
        # Pillow names no list of what it raises where data are damaged.
        raise Refused(DAMAGED) from None
    Image.MAX_IMAGE_PIXELS = max_pixels
    return image


def tags(image: Image.Image) -> Image.Exif:
    """Read the EXIF that stands before the picture's data. Pillow's own way for PNG decodes the picture first."""
    return Image.Image.getexif(image)


def check_metadata(image: Image.Image) -> None:
    """Raise Refused if there is still something that should have been removed."""
    try:
        left = set(tags(image)) - {ORIENTATION_TAG}
    except Exception:
        raise Refused(METADATA) from None
    if left or image.info.keys() - SHOWN_KEYS:
        raise Refused(METADATA)


def is_turned(image: Image.Image) -> bool:
    """Return whether EXIF says that width and height change places."""
    return tags(image).get(ORIENTATION_TAG, 1) in (5, 6, 7, 8)


def upright_size(image: Image.Image) -> Size:
    """Return the size as it is seen, after turning."""
    return Size(image.height, image.width) if is_turned(image) else Size(image.width, image.height)


def write_png(image: Image.Image, target: BinaryIO) -> None:
    """Encode a picture anew as PNG, upright, without anything else. Raises Refused."""
    try:
        if getattr(image, "n_frames", 1) > 1 or RAW_TAGS & set(getattr(image, "tag_v2", ())):
            raise Refused(UNSUPPORTED)
        plain = normal(eight_bits(ImageOps.exif_transpose(image)))
    except Refused:
        raise
    except Exception:
        raise Refused(DAMAGED) from None
    # Level 3 takes a third of the usual 6's time for some percent more.
    plain.save(target, "PNG", compress_level=3)


def write_previews(image: Image.Image, small: BinaryIO, large: BinaryIO) -> Previews:
    """Decode the first frame and write what pages show. Raises any exception where the data are damaged."""
    image.draft("RGB", (LARGE, LARGE))
    largest = fitted(upright_size(image), LARGE)
    box = Size(largest.height, largest.width) if is_turned(image) else largest
    if image.mode not in REDUCIBLE:
        image = eight_bits(image)
    image.thumbnail(box, reducing_gap=2.0)
    plain = normal(ImageOps.exif_transpose(image))
    is_large = plain.width > SMALL
    if is_large:
        plain.save(large, "WEBP", quality=QUALITY, method=METHOD)
    page = plain.resize(fitted(Size(*plain.size), SMALL), Image.Resampling.LANCZOS, reducing_gap=2.0)
    page.save(small, "WEBP", quality=QUALITY, method=METHOD)
    return Previews(Size(*page.size), Size(*plain.size) if is_large else None, placeholder(page))


def square(image: Image.Image, side: int) -> Image.Image:
    """Decode the first frame and return its middle as a square. Raises any exception where the data are damaged."""
    image.draft("RGB", (2 * side, 2 * side))
    return ImageOps.fit(reduced(image, max(1.0, min(image.size) / side)), (side, side))


def write_square(image: Image.Image, side: int, target: BinaryIO) -> None:
    """Write a square picture as WebP of a side."""
    image.resize((side, side), Image.Resampling.LANCZOS).save(target, "WEBP", quality=QUALITY, method=METHOD)


def write_reduced(image: Image.Image, side: int, target: BinaryIO) -> Size:
    """Decode the first frame and write it as WebP, its longer side at most `side`. Raises any exception where the data
    are damaged."""
    image.draft("RGB", (2 * side, 2 * side))
    small = reduced(image, max(1.0, max(image.size) / side))
    small.save(target, "WEBP", quality=QUALITY, method=METHOD)
    return Size(*small.size)


def reduced(image: Image.Image, factor: float) -> Image.Image:
    """Decode a picture, and make its sides shorter by a factor, upright and with nothing of what came with it."""
    box = Size(*(max(1, round(side / factor)) for side in image.size))
    if image.mode not in REDUCIBLE:
        image = eight_bits(image)
    image.thumbnail(box, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return normal(ImageOps.exif_transpose(image))


def fitted(size: Size, width: int) -> Size:
    """Reduce a size to a width, and to a height of at most twice that."""
    scale = min(1.0, width / size.width, 2 * width / size.height)
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def normal(image: Image.Image) -> Image.Image:
    """Return a picture in sRGB with 8 bits, and with nothing of what came with it: `save` would write that again."""
    profile = image.info.get("icc_profile")
    has_alpha = image.has_transparency_data
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = "RGBA" if image.mode == "RGBA" else "RGB"
            image = (
                ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
                or image
            )
    image = image.convert("RGBA" if has_alpha else "RGB")
    fresh = Image.new(image.mode, image.size)
    fresh.paste(image)
    return fresh


def eight_bits(image: Image.Image) -> Image.Image:
    """Convert a picture with a palette, one bit, or more than eight."""
    if image.mode.startswith("I") or image.mode == "F":
        return image.convert("I").point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def placeholder(image: Image.Image) -> str:
    if image.mode != "RGB":
        return ""
    tiny = image.copy()
    tiny.thumbnail((PLACEHOLDER_PIXELS, PLACEHOLDER_PIXELS))
    data = io.BytesIO()
    tiny.save(data, "WEBP", quality=20, method=METHOD)
    uri = "data:image/webp;base64," + base64.b64encode(data.getvalue()).decode()
    return uri if len(uri) <= MAX_PLACEHOLDER else ""
