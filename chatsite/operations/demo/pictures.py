"""Draw what the demo site's people photograph and sketch: small, and alike each time."""

import io
import math

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
OAK: tuple[Colour, Colour] = ((186, 137, 84), (58, 38, 28))
ASH: tuple[Colour, Colour] = ((216, 194, 156), (148, 112, 76))
STEEL: tuple[Colour, Colour] = ((150, 166, 180), (70, 84, 98))
NIGHT: tuple[Colour, Colour] = ((66, 74, 120), (20, 22, 40))
FRAMES, FRAME_MS = 16, 70


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    found = io.BytesIO()
    image.save(found, kind, quality=82)
    return found.getvalue()


def ground(size: tuple[int, int], colours: tuple[Colour, Colour]) -> Image.Image:
    """A light that falls from the upper left, and a little grain."""
    across = Image.linear_gradient("L").rotate(90).resize(size)
    down = Image.linear_gradient("L").resize(size)
    image = Image.composite(
        Image.new("RGB", size, colours[1]), Image.new("RGB", size, colours[0]), Image.blend(across, down, 0.5)
    )
    grain = Image.effect_noise(size, 14).convert("RGB")
    return ImageChops.overlay(image, Image.blend(Image.new("RGB", size, (128, 128, 128)), grain, 0.35))


def legs(size: tuple[int, int] = (1440, 1080)) -> bytes:
    """Four tapered table legs against a bench."""
    image, shade = ground(size, OAK), Image.new("L", size, 0)
    wide, high = size
    draw, cast = ImageDraw.Draw(image), ImageDraw.Draw(shade)
    for number in range(4):
        left = wide * (0.16 + 0.19 * number)
        head, foot = high * 0.1, high * 0.86
        leg = [
            (left, head),
            (left + wide * 0.09, head),
            (left + wide * 0.06, foot),
            (left + wide * 0.03, foot),
        ]
        cast.polygon([(x + wide * 0.02, y + high * 0.02) for x, y in leg], fill=150)
        draw.polygon(leg, fill=tuple(value + 12 * number for value in (172, 134, 92)))
        draw.line([leg[0], leg[3]], fill=(226, 196, 150), width=5)
    soft = shade.filter(ImageFilter.GaussianBlur(18))
    return encoded(Image.composite(Image.new("RGB", size, (30, 20, 14)), image, soft.point(lambda v: v // 3)))


def chuck(size: tuple[int, int] = (1200, 1200), colours: tuple[Colour, Colour] = STEEL) -> bytes:
    """A chuck with three jaws, from the front."""
    image = ground(size, colours)
    draw = ImageDraw.Draw(image)
    middle, radius = size[0] / 2, size[0] * 0.36
    for share, shade in ((1.0, 108), (0.92, 150), (0.34, 96), (0.2, 40)):
        draw.circle((middle, middle), radius * share, fill=(shade, shade + 6, shade + 12))
    for turn in range(3):
        angle = math.radians(120 * turn - 90)
        tip = (middle + math.cos(angle) * radius * 0.24, middle + math.sin(angle) * radius * 0.24)
        end = (middle + math.cos(angle) * radius * 0.88, middle + math.sin(angle) * radius * 0.88)
        draw.line([tip, end], fill=(66, 72, 80), width=int(radius * 0.2))
    return encoded(image.filter(ImageFilter.GaussianBlur(1)))


def boards(size: tuple[int, int] = (1200, 900)) -> bytes:
    """A stack of boards from its end."""
    image = ground(size, ASH)
    draw = ImageDraw.Draw(image)
    thick = size[1] // 9
    for number in range(1, 8):
        top = number * thick
        left = int(size[0] * (0.12 + 0.03 * math.sin(number * 2.1)))
        shade = 168 + int(30 * math.sin(number * 1.7))
        draw.rectangle(
            [left, top, int(size[0] * 0.86), top + thick - 8], fill=(shade, shade - 30, shade - 72)
        )
        for ring in range(3):
            draw.arc(
                [left, top + 10 * ring, left + 260, top + thick + 60], 200, 330, fill=(120, 88, 56), width=3
            )
    return encoded(image.filter(ImageFilter.GaussianBlur(1)))


def hall(size: tuple[int, int] = (1600, 900)) -> bytes:
    """A hall with lamps and rows of chairs in the evening."""
    image = ground(size, NIGHT)
    draw = ImageDraw.Draw(image)
    for number in range(6):
        x = size[0] * (0.1 + 0.16 * number)
        for share in range(6, 0, -1):
            glow = 255 - share * 26
            draw.circle((x, size[1] * 0.2), share * 12, fill=(glow, int(glow * 0.82), int(glow * 0.5)))
    for line in range(5):
        y = size[1] * (0.52 + 0.1 * line)
        for seat in range(10 + line * 2):
            x = size[0] * (seat + 0.5) / (10 + line * 2)
            draw.rounded_rectangle(
                [x - 26, y, x + 26, y + 58], 10, fill=(34 + 9 * line, 30 + 8 * line, 58 + 10 * line)
            )
    return encoded(image.filter(ImageFilter.GaussianBlur(1.5)))


def spinning(size: tuple[int, int] = (480, 360)) -> bytes:
    """An animated picture of a gear that turns."""
    frames = [gear(size, number / FRAMES) for number in range(FRAMES)]
    found = io.BytesIO()
    frames[0].save(found, "GIF", save_all=True, append_images=frames[1:], duration=FRAME_MS, loop=0)
    return found.getvalue()


def gear(size: tuple[int, int], turned: float) -> Image.Image:
    image = Image.new("RGB", size, (44, 52, 66))
    draw = ImageDraw.Draw(image)
    x, y, radius = size[0] / 2, size[1] / 2, size[1] * 0.34
    points = []
    for tooth in range(48):
        angle = 2 * math.pi * (tooth / 48 + turned / 12)
        reach = radius * (1.14 if tooth % 4 < 2 else 0.96)
        points.append((x + math.cos(angle) * reach, y + math.sin(angle) * reach))
    draw.polygon(points, fill=(240, 168, 72))
    draw.circle((x, y), radius * 0.3, fill=(44, 52, 66))
    return image


def drawing() -> bytes:
    """A page of a PDF with a table leg, its taper and its measures."""
    page = Image.new("RGB", (1240, 1754), (255, 255, 255))
    draw = ImageDraw.Draw(page)
    draw.rectangle([60, 60, 1180, 1694], outline=(40, 40, 40), width=4)
    draw.polygon([(520, 240), (720, 240), (660, 1380), (580, 1380)], outline=(20, 20, 20), width=5)
    for y in (240, 1380):
        draw.line([(320, y), (480, y)], fill=(90, 90, 90), width=3)
    draw.line([(360, 240), (360, 1380)], fill=(90, 90, 90), width=3)
    return encoded(page, "PDF")
