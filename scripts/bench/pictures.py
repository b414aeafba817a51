"""Pictures to measure perceptual hashes with: drawn by rules, the same on every machine.

They stand in for works of art where none may be shipped. Simple ones (one colour, a horizon, a
soft gradient, one shape) are a group of their own, because they look alike by nature.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

EACH = 60  # works of a family
EACH_SIMPLE = 30

_SIZES = ((400, 300), (300, 400), (360, 360), (480, 270), (320, 400))
_WORDS = ("light", "of", "a", "long", "day", "falls", "on", "water", "and", "stone", "unseen")

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Original:
    """A work.

    Attributes:
        family: How it was drawn.
        is_simple: Whether its family is one of the simple ones.
        picture: RGB.
    """

    family: str
    is_simple: bool
    picture: Image.Image


def originals() -> Iterator[Original]:
    """Yield all works, family by family."""
    for families, count, is_simple in ((_FAMILIES, EACH, False), (_SIMPLE, EACH_SIMPLE, True)):
        for family, draw in families.items():
            for number in range(count):
                dice = random.Random(f"{family} {number}")
                yield Original(family, is_simple, draw(dice, dice.choice(_SIZES)))


# --------------------------------------------------------------------------- the families


def _clouds(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    """Noise of several sizes, laid over each other: the spectrum of photographs."""
    return _colours(_fractal(dice, size), dice)


def _landscape(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    """Ridges before a sky, the nearer the darker, with grain."""
    width, height = size
    picture = _colours(_fractal(dice, size, coarsest=3).point(lambda v: 130 + v // 2), dice)
    draw = ImageDraw.Draw(picture)
    base, layers = _colour(dice), dice.randrange(2, 6)
    for layer in range(layers):
        waves = [
            (dice.uniform(0.5, 9), dice.uniform(0, 7), dice.uniform(3, 40) / (wave + 1))
            for wave in range(5)
        ]
        level = height * (0.35 + 0.55 * (layer + dice.random() * 0.5) / layers)
        ridge = [
            (x, level + sum(a * math.sin(f * x / width * 6.3 + p) for f, p, a in waves))
            for x in range(0, width + 8, 8)
        ]
        shade = 1 - layer / layers
        colour = tuple(int(each * (0.3 + 0.7 * shade)) for each in base)
        draw.polygon([(0, height), *ridge, (width, height)], fill=colour)
    return Image.blend(picture, _colours(_fractal(dice, size, coarsest=40), dice), 0.12)


def _shapes(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size, _colour(dice))
    draw = ImageDraw.Draw(picture)
    for _ in range(dice.randrange(5, 30)):
        x, y = dice.randrange(size[0]), dice.randrange(size[1])
        box = (x, y, x + dice.randrange(10, size[0] // 2), y + dice.randrange(10, size[1] // 2))
        kind = dice.choice((draw.ellipse, draw.rectangle))
        kind(box, fill=_colour(dice))
    return picture


def _strokes(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    """Brush strokes: broad curves over one another."""
    picture = Image.new("RGB", size, _colour(dice))
    draw = ImageDraw.Draw(picture)
    for _ in range(dice.randrange(8, 40)):
        x, y, angle = dice.uniform(0, size[0]), dice.uniform(0, size[1]), dice.uniform(0, 6.3)
        bend, points = dice.uniform(-0.3, 0.3), []
        for _ in range(dice.randrange(5, 25)):
            points.append((x, y))
            x, y = x + 18 * math.cos(angle), y + 18 * math.sin(angle)
            angle += bend
        draw.line(points, fill=_colour(dice), width=dice.randrange(3, 30), joint="curve")
    return picture.filter(ImageFilter.GaussianBlur(dice.uniform(0, 1.5)))


def _poster(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    """Words in several sizes, and a block of colour."""
    paper, ink = (_colour(dice, 170, 255), _colour(dice, 0, 90))
    if dice.random() < 0.3:
        paper, ink = ink, paper
    picture = Image.new("RGB", size, paper)
    draw = ImageDraw.Draw(picture)
    top = dice.randrange(size[1])
    draw.rectangle((0, top, size[0], top + dice.randrange(10, 120)), fill=_colour(dice))
    y = dice.randrange(5, 40)
    while y < size[1] - 20:
        height = dice.choice((14, 14, 18, 30, 56))
        line = " ".join(dice.choices(_WORDS, k=dice.randrange(1, 9)))
        draw.text((dice.randrange(5, 80), y), line, fill=ink, font=ImageFont.load_default(height))
        y += int(height * dice.uniform(1.1, 2.5))
    return picture


def _portrait(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    """A head before a wall: one composition, many people."""
    width, height = size
    picture = _colours(_fractal(dice, size, coarsest=4), dice)
    draw = ImageDraw.Draw(picture)
    x, y = width * dice.uniform(0.4, 0.6), height * dice.uniform(0.35, 0.5)
    broad, tall = width * dice.uniform(0.13, 0.2), height * dice.uniform(0.18, 0.26)
    skin, cloth, hair = _colour(dice, 90, 240), _colour(dice), _colour(dice, 0, 160)

    def oval(dx: float, dy: float, w: float, h: float, colour: Colour) -> None:
        draw.ellipse((x + dx - w, y + dy - h, x + dx + w, y + dy + h), fill=colour)

    oval(0, tall * 2.6, broad * dice.uniform(2, 2.8), tall * 1.6, cloth)
    oval(0, -tall * 0.2, broad * dice.uniform(1, 1.5), tall * dice.uniform(1, 1.4), hair)
    oval(0, 0, broad, tall, skin)
    for side in (-1, 1):
        oval(side * broad * 0.4, -tall * 0.15, broad * 0.16, tall * 0.08, _colour(dice, 0, 70))
    oval(0, tall * 0.5, broad * dice.uniform(0.2, 0.5), tall * 0.06, (150, 40, 50))
    return Image.blend(picture, _colours(_fractal(dice, size, coarsest=24), dice), 0.15)


def _pattern(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    """A tile, again and again, not quite regularly coloured."""
    side = dice.randrange(24, 110)
    tile = _shapes(dice, (max(40, side), max(40, side))).resize((side, side))
    picture = Image.new("RGB", size)
    for y in range(0, size[1], side):
        for x in range(0, size[0], side):
            turned = tile.rotate(dice.choice((0, 90, 180, 270))) if dice.random() < 0.4 else tile
            picture.paste(turned, (x, y))
    return Image.blend(picture, _colours(_fractal(dice, size, coarsest=3), dice), 0.3)


def _monochrome(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, _colour(dice))


def _horizon(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size, _colour(dice))
    picture.paste(_colour(dice), (0, int(size[1] * dice.uniform(0.3, 0.7)), *size))
    return picture


def _gradient(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    ramp = Image.linear_gradient("L").rotate(dice.choice((0, 90, 180, 270))).resize(size)
    return ImageOps.colorize(ramp, _colour(dice), _colour(dice))


def _single(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size, _colour(dice))
    x, y = size[0] * dice.uniform(0.35, 0.65), size[1] * dice.uniform(0.35, 0.65)
    radius = min(size) * dice.uniform(0.12, 0.35)
    box = (x - radius, y - radius, x + radius, y + radius)
    draw = ImageDraw.Draw(picture)
    dice.choice((draw.ellipse, draw.rectangle))(box, fill=_colour(dice))
    return picture


_Draw = Callable[[random.Random, tuple[int, int]], Image.Image]
_FAMILIES: dict[str, _Draw] = {
    "clouds": _clouds,
    "landscapes": _landscape,
    "shapes": _shapes,
    "brush strokes": _strokes,
    "posters": _poster,
    "portraits": _portrait,
    "patterns": _pattern,
}
_SIMPLE: dict[str, _Draw] = {
    "one colour": _monochrome,
    "horizons": _horizon,
    "gradients": _gradient,
    "one shape": _single,
}


def _colour(dice: random.Random, low: int = 0, high: int = 255) -> Colour:
    return (dice.randint(low, high), dice.randint(low, high), dice.randint(low, high))


def _fractal(dice: random.Random, size: tuple[int, int], coarsest: int = 2) -> Image.Image:
    """Grey noise: each octave twice as fine and weighs less than half as much as the one before."""
    total = Image.new("L", size, 128)
    cells, weight = coarsest, 0.6
    while cells < max(size):
        noise = Image.frombytes("L", (cells, cells), dice.randbytes(cells * cells))
        total = Image.blend(total, noise.resize(size, Image.Resampling.BICUBIC), weight)
        cells, weight = cells * 2, weight * dice.uniform(0.4, 0.7)
    return ImageOps.autocontrast(total)


def _colours(grey: Image.Image, dice: random.Random) -> Image.Image:
    dark, middle, light = _colour(dice, 0, 110), _colour(dice, 60, 200), _colour(dice, 140, 255)
    return ImageOps.colorize(grey, dark, light, middle)


# --------------------------------------------------------------------------- what is done to them


def transformations() -> dict[str, Callable[[Image.Image], Image.Image]]:
    """Return what people do to pictures, by name; each takes and returns one."""
    return {
        "PNG": _as_file("PNG"),
        **{f"JPEG, quality {q}": _as_file("JPEG", quality=q) for q in (90, 70, 50, 30)},
        **{f"WebP, quality {q}": _as_file("WEBP", quality=q) for q in (80, 50)},
        "CMYK JPEG": lambda each: _as_file("JPEG", quality=90)(each.convert("CMYK")),
        "16 colours": lambda each: each.quantize(16).convert("RGB"),
        **{f"scaled to {p} %": _scaled(p) for p in (25, 50, 75, 150, 200)},
        **{f"cropped by {p} % on each side": _cropped(p) for p in (2, 5, 10)},
        **{f"turned by {turn} degrees": _turned(turn) for turn in (90, 180, 270)},
        "mirrored": ImageOps.mirror,
        "mirrored, turned, half as large, JPEG 50": lambda each: _as_file("JPEG", quality=50)(
            _scaled(50)(_turned(90)(ImageOps.mirror(each)))
        ),
        **{f"askew by {degrees} degrees": _askew(degrees) for degrees in (1, 2, 3)},
        **{f"brightness {f}": _enhanced(ImageEnhance.Brightness, f) for f in (0.7, 1.3)},
        **{f"contrast {f}": _enhanced(ImageEnhance.Contrast, f) for f in (0.7, 1.3)},
        **{f"gamma {gamma}": _gamma(gamma) for gamma in (0.7, 1.4)},
        "without colour": lambda each: each.convert("L"),
        "name in a corner": _signed,
        "watermark across": _watermarked,
        "border of 3 %": _bordered(3),
        "border of 8 %": _bordered(8),
        **{f"blurred by {r} pixels": _blurred(r) for r in (1, 3)},
        "sharpened": lambda each: each.filter(ImageFilter.UnsharpMask(2, 150)),
        "grain": _grained,
    }


def _as_file(form: str, **options: int) -> Callable[[Image.Image], Image.Image]:
    def change(picture: Image.Image) -> Image.Image:
        data = io.BytesIO()
        picture.save(data, form, **options)
        again = Image.open(data)
        again.load()
        return again

    return change


def _scaled(percent: int) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.resize(
        (picture.width * percent // 100, picture.height * percent // 100), Image.Resampling.BICUBIC
    )


def _cropped(percent: int) -> Callable[[Image.Image], Image.Image]:
    def change(picture: Image.Image) -> Image.Image:
        x, y = picture.width * percent // 100, picture.height * percent // 100
        return picture.crop((x, y, picture.width - x, picture.height - y))

    return change


def _turned(degrees: int) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.rotate(degrees, expand=True)


def _askew(degrees: int) -> Callable[[Image.Image], Image.Image]:
    """Turned a little, as by a scanner; white where the paper ends."""
    return lambda picture: picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor="white")


def _enhanced(
    kind: type[ImageEnhance.Brightness | ImageEnhance.Contrast], factor: float
) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: kind(picture).enhance(factor)


def _gamma(gamma: float) -> Callable[[Image.Image], Image.Image]:
    table = [round(255 * (value / 255) ** gamma) for value in range(256)] * 3
    return lambda picture: picture.point(table)


def _signed(picture: Image.Image) -> Image.Image:
    changed = picture.copy()
    place = (picture.width * 6 // 10, picture.height - 28)
    font = ImageFont.load_default(20)
    ImageDraw.Draw(changed).text(place, "gallery.example", fill="white", font=font)
    return changed


def _watermarked(picture: Image.Image) -> Image.Image:
    layer = picture.copy()
    draw, font = ImageDraw.Draw(layer), ImageFont.load_default(60)
    for row in range(3):
        draw.text((10, picture.height * row // 3 + 10), "PREVIEW", fill="white", font=font)
    return Image.blend(picture, layer, 0.4)


def _bordered(percent: int) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: ImageOps.expand(picture, picture.width * percent // 100, "black")


def _blurred(radius: int) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.filter(ImageFilter.GaussianBlur(radius))


def _grained(picture: Image.Image) -> Image.Image:
    noise = random.Random("grain").randbytes(picture.width * picture.height)
    grain = Image.frombytes("L", picture.size, noise).point(lambda v: v // 6).convert("RGB")
    return ImageChops.add(picture, grain, offset=-21)
