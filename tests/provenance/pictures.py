"""Small pictures that are the same on every machine, and files of them."""

import io
import random

from PIL import Image

SIZE = (96, 64)


def painting(seed=1, size=SIZE):
    """Coloured shapes on a gradient: neither symmetric nor simple."""
    dice = random.Random(seed)
    width, height = size
    picture = Image.new("RGB", size)
    slopes = [dice.uniform(-1, 1) for _ in range(6)]
    picture.putdata(
        [
            tuple(
                int(128 + 60 * (slopes[c] * (x / width) + slopes[c + 3] * (y / height)))
                for c in range(3)
            )
            for y in range(height)
            for x in range(width)
        ]
    )
    for _ in range(12):
        left, top = dice.randrange(width), dice.randrange(height)
        colour = tuple(dice.randrange(256) for _ in range(3))
        picture.paste(colour, (left, top, left + dice.randrange(40), top + dice.randrange(30)))
    return picture


def encoded(picture, form, **options):
    """The bytes of a picture's file."""
    data = io.BytesIO()
    picture.save(data, form, **options)
    return data.getvalue()


def animated(form, **options):
    """The bytes of an animation of three pictures, the first of them `painting()`."""
    others = [painting(2), painting(3)]
    return encoded(painting(), form, save_all=True, append_images=others, **options)
