"""How a picture looks, in 64 bits: what changes them, what does not, and what cannot be decoded."""

import io
import random
import struct
import warnings
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from crmdapp.provenance import perceptual
from crmdapp.provenance._dct import SIDE, hashes_of
from crmdapp.provenance.near import distance
from crmdapp.provenance.perceptual import (
    FORMATS,
    MAX_PIXELS,
    VARIANTS,
    ImageTooLarge,
    ImageTruncated,
    ImageUnreadable,
    PillowMissing,
    look_at,
)
from tests.provenance.pictures import SIZE, animated, encoded, painting

TURNS = (
    None,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_270,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
)
PLAIN = 1 << 63

# ImageHash 4.3.2 (`imagehash.phash`, with SciPy's DCT) of the same pictures.
IMAGEHASH = {
    (1, SIZE): "aaaf954a6ab59922",
    (2, SIZE): "a070d3b44f1f0f0f",
    (3, SIZE): "9cc81b91b563666e",
    (4, SIZE): "c69c9b6719a8453b",
    (5, SIZE): "a7672aca055562fa",
    (6, (411, 280)): "a4935ae9d2b424db",
    (7, (20, 300)): "d9ca35646e956a91",
}

FILES = {
    "jpeg": ("image/jpeg", encoded(painting(), "JPEG", quality=95)),
    "progressive jpeg": ("image/jpeg", encoded(painting(), "JPEG", progressive=True)),
    "png": ("image/png", encoded(painting(), "PNG")),
    "gif": ("image/gif", encoded(painting(), "GIF")),
    "webp": ("image/webp", encoded(painting(), "WEBP")),
    "tiff": ("image/tiff", encoded(painting(), "TIFF")),
    "lzw tiff": ("image/tiff", encoded(painting(), "TIFF", compression="tiff_lzw")),
    "big tiff": ("image/tiff", encoded(painting(), "TIFF", big_tiff=True)),
    "bmp": ("image/bmp", encoded(painting(), "BMP")),
    "avif": ("image/avif", encoded(painting(), "AVIF")),
    "jpeg 2000": ("image/jp2", encoded(painting(), "JPEG2000")),
    "animated gif": ("image/gif", animated("GIF")),
    "animated png": ("image/png", animated("PNG")),
    "animated webp": ("image/webp", animated("WEBP", lossless=True)),
    "animated avif": ("image/avif", animated("AVIF")),
    "paged tiff": ("image/tiff", animated("TIFF")),
}


def look(data, media_type="image/png"):
    return look_at(io.BytesIO(data), media_type, name="work.png", size=len(data))


def phash(picture, form="PNG", media_type="image/png", **options):
    return look(encoded(picture, form, **options), media_type).variants[0]


def grey(size=(SIDE, SIDE), seed=5):
    dice = random.Random(seed)
    return Image.frombytes("L", size, dice.randbytes(size[0] * size[1]))


# ----------------------------------------------------------------------------- the hash


def test_phash_is_that_of_imagehash():
    assert {each: f"{phash(painting(*each)):016x}" for each in IMAGEHASH} == IMAGEHASH


def test_phash_of_plain_pictures_is_one_bit_and_never_0():
    for colour in ("black", "white", "#7f3355"):
        assert look(encoded(Image.new("RGB", SIZE, colour), "PNG")).variants == (PLAIN,) * 8


@given(st.binary(min_size=SIDE * SIDE, max_size=SIDE * SIDE))
def test_variants_are_the_hashes_of_the_turned_picture(pixels):
    picture = Image.frombytes("L", (SIDE, SIDE), pixels)
    turned = [picture if turn is None else picture.transpose(turn) for turn in TURNS]
    assert hashes_of(pixels) == tuple(hashes_of(each.tobytes())[0] for each in turned)


def test_variants_are_near_those_of_a_large_turned_picture():
    picture = painting(size=(411, 280))
    variants = look(encoded(picture, "PNG")).variants
    assert len(variants) == len(VARIANTS) == len(set(variants)) == 8
    for variant, turn in zip(variants[1:], TURNS[1:], strict=True):
        assert distance(variant, phash(picture.transpose(turn))) <= 2


def test_phash_of_a_symmetric_picture_is_its_mirror_images():
    half = grey((SIDE // 2, SIDE))
    picture = Image.new("L", (SIDE, SIDE))
    picture.paste(half, (0, 0))
    picture.paste(half.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (SIDE // 2, 0))
    variants = hashes_of(picture.tobytes())
    assert variants[0] == variants[VARIANTS.index("mirrored")]
    assert variants[0] != variants[VARIANTS.index("upside down")]


@pytest.mark.parametrize("seed", range(5))
def test_phash_differs_between_pictures(seed):
    assert distance(phash(painting(seed)), phash(painting(seed + 10))) > 16


# ----------------------------------------------------------------------------- forms of files


@pytest.mark.parametrize(
    ("form", "media_type", "options"),
    [
        ("PNG", "image/png", {"compress_level": 0}),
        ("TIFF", "image/tiff", {"compression": "tiff_adobe_deflate"}),
        ("BMP", "image/bmp", {}),
        ("WEBP", "image/webp", {"lossless": True}),
    ],
)
def test_phash_stays_if_nothing_is_lost(form, media_type, options):
    assert phash(painting(), form, media_type, **options) == phash(painting())


@pytest.mark.parametrize("name", FILES)
def test_look_at_reads_every_format(name):
    media_type, data = FILES[name]
    found = look(data, media_type)
    assert (found.width, found.height) == SIZE
    assert distance(found.variants[0], phash(painting())) <= 6
    assert found.frames == (3 if name.startswith(("animated", "paged")) else 1)


def test_formats_are_all_tried():
    assert {media_type for media_type, _ in FILES.values()} == set(FORMATS)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_the_first_picture_of_an_animation_counts(form):
    options = {"lossless": True} if form == "WEBP" else {}
    media_type = f"image/{form.lower()}"
    found = look(animated(form, **options), media_type)
    assert found.variants[0] == phash(painting(), form, media_type, **options)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_turns_the_picture_as_viewers_do(orientation):
    turn = [None, None, 4, 2, 5, 6, 3, 7, 1][orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain = look(encoded(painting(), "PNG"))
    found = look(encoded(painting(), "PNG", exif=exif))
    assert found.variants[0] == plain.variants[turn or 0]
    assert (found.width, found.height) == (SIZE if orientation < 5 else SIZE[::-1])


@pytest.mark.parametrize("form", ["JPEG", "TIFF", "WEBP"])
def test_orientation_is_applied_once_in_every_format(form):
    exif = Image.Exif()
    exif[0x0112] = 6
    found = look(encoded(painting(), form, exif=exif), f"image/{form.lower()}")
    turned = phash(painting().transpose(Image.Transpose.ROTATE_270))
    assert (found.width, found.height) == SIZE[::-1]
    assert distance(found.variants[0], turned) <= 6


def test_damaged_exif_is_passed_over():
    data = encoded(painting(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\xff\xff\xff\xff")
    assert look(data, "image/jpeg").width == SIZE[0]


# ----------------------------------------------------------------------------- kinds of pixels


def test_what_is_transparent_is_laid_on_white():
    shapes = painting()
    alpha = Image.new("L", SIZE, 0)
    alpha.paste(255, (10, 10, 70, 50))
    shapes.putalpha(alpha)
    white = Image.new("RGB", SIZE, "white")
    white.paste(painting().crop((10, 10, 70, 50)), (10, 10))
    assert phash(shapes) == phash(white)
    hidden = Image.new("RGBA", SIZE, (1, 2, 3, 0))
    hidden.paste(shapes, (0, 0), alpha)
    assert phash(hidden) == phash(white)


def test_a_transparent_colour_of_a_palette_is_laid_on_white():
    picture = Image.new("P", SIZE, 1)
    picture.putpalette([255, 0, 0, 0, 0, 255, 200, 200, 0])
    picture.paste(2, (5, 5, 30, 60))
    picture.paste(0, (50, 20, 90, 40))
    white = picture.convert("RGB")
    assert phash(picture) == phash(white)
    white.paste("white", (0, 0, *SIZE))
    white.paste((200, 200, 0), (5, 5, 30, 60))
    white.paste((255, 0, 0), (50, 20, 90, 40))
    assert phash(picture, transparency=1) == phash(white)


def test_grey_with_alpha_and_bilevel_are_read():
    tone = painting().convert("L")
    assert phash(tone) == phash(painting())
    assert phash(tone.convert("LA")) == phash(tone)
    bilevel = painting().convert("1")
    assert phash(bilevel) == phash(bilevel.convert("L"))


def test_a_colour_that_stands_for_transparent_is_laid_on_white():
    picture = Image.new("RGB", SIZE, (1, 2, 3))
    picture.paste((200, 10, 10), (20, 5, 60, 45))
    white = Image.new("RGB", SIZE, "white")
    white.paste((200, 10, 10), (20, 5, 60, 45))
    assert phash(picture, transparency=(1, 2, 3)) == phash(white)


def test_sixteen_bits_are_scaled_down():
    tone = painting().convert("L")
    deep = Image.new("I;16", SIZE)
    deep.putdata([value * 257 for value in tone.get_flattened_data()])
    assert phash(deep) == phash(tone)
    assert phash(deep, "TIFF", "image/tiff") == phash(tone)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_thirty_two_bits_are_stretched(mode):
    tone = grey(SIZE)
    low, high = tone.getextrema()
    assert (low, high) == (0, 255)
    deep = Image.new(mode, SIZE)
    deep.putdata([value * 1000 - 7000 for value in tone.get_flattened_data()])
    assert distance(phash(deep, "TIFF", "image/tiff"), phash(tone)) <= 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 3.5])
def test_numbers_without_a_range_are_a_plain_picture(value):
    deep = Image.new("F", SIZE, value)
    assert phash(deep, "TIFF", "image/tiff") == PLAIN


@pytest.mark.parametrize(("form", "media_type"), [("JPEG", "image/jpeg"), ("TIFF", "image/tiff")])
def test_cmyk_is_read_as_colours(form, media_type):
    print_ready = painting().convert("CMYK")
    found = phash(print_ready, form, media_type)
    assert distance(found, phash(painting())) <= 4


def test_lightness_counts_in_cielab():
    picture = Image.merge("LAB", (grey(SIZE), Image.new("L", SIZE, 9), Image.new("L", SIZE, 200)))
    assert phash(picture, "TIFF", "image/tiff") == phash(grey(SIZE))


def test_a_colour_profile_is_not_applied():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert phash(painting(), icc_profile=profile) == phash(painting())


def test_large_pictures_are_turned_grey_band_by_band(monkeypatch):
    shapes = painting()
    shapes.putalpha(200)
    whole = phash(shapes)
    monkeypatch.setattr(perceptual, "_BAND_PIXELS", 7 * SIZE[0] + 5)
    assert phash(shapes) == whole


# ----------------------------------------------------------------------------- damaged files


# The later pages of a TIFF are not looked at.
@pytest.mark.parametrize("name", [each for each in FILES if each != "paged tiff"])
def test_a_file_that_lost_its_end_is_named_truncated(name):
    media_type, data = FILES[name]
    # A TIFF's last bytes may be values of fields, without which Pillow does not recognise it.
    ends = {"lzw tiff": ImageUnreadable}
    for cut in {1, 2, 4, 11, 20, len(data) // 3, len(data) // 2}:
        with pytest.raises(ends.get(name, ImageTruncated)) as refused:
            look(data[:-cut], media_type)
        assert "work.png" in refused.value.message


@pytest.mark.parametrize("name", FILES)
def test_bytes_after_the_picture_are_no_fault(name):
    media_type, data = FILES[name]
    assert look(data + bytes(1000), media_type) == look(data, media_type)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_read_or_refused_by_name(name, capfd):
    media_type, data = FILES[name]
    dice = random.Random(name)
    for _ in range(40):
        damaged = bytearray(data)
        for _ in range(dice.randrange(1, 12)):
            damaged[dice.randrange(8, len(data))] = dice.randrange(256)
        with suppress(ImageUnreadable, ImageTooLarge):
            look(bytes(damaged), media_type)
    capfd.readouterr()  # libtiff tells of damage by itself


@pytest.mark.parametrize("media_type", FORMATS)
def test_bytes_that_are_no_picture_are_named_unreadable(media_type):
    with pytest.raises(ImageUnreadable, match=r"work\.png"):
        look(random.Random(1).randbytes(3000), media_type)


def test_a_gif_with_an_unknown_block_is_refused():
    data = encoded(painting(), "GIF")
    with pytest.raises(ImageTruncated):
        look(data[:-1] + b"\x99\x3b", "image/gif")


def test_boxes_may_be_long_or_reach_to_the_end():
    data = encoded(painting(), "AVIF")
    free = struct.pack(">I4sQ", 1, b"free", 20) + bytes(4)
    last = struct.pack(">I4s", 0, b"free") + bytes(9)
    assert look(data + free + last, "image/avif").width == SIZE[0]
    with pytest.raises(ImageTruncated):
        look(data + struct.pack(">I4s", 5, b"free") + bytes(9), "image/avif")


def test_it_is_decoded_as_nothing_but_its_media_type():
    with pytest.raises(ImageUnreadable):
        look(encoded(painting(), "BMP"), "image/jpeg")


# ----------------------------------------------------------------------------- limits


def png_of(width, height):
    """The beginning of a PNG that says it is so large, and an empty rest."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(("width", "height"), [(MAX_PIXELS + 1, 1), (50_000, 50_000)])
def test_a_bomb_is_refused_before_it_is_decoded(width, height):
    with pytest.raises(ImageTooLarge) as refused:
        look(png_of(width, height))
    assert refused.value.limit == MAX_PIXELS
    assert refused.value.details() == {"faults": (), "limit": MAX_PIXELS}


def test_a_bomb_is_refused_if_pillow_has_no_limit(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(ImageTooLarge):
        look(png_of(50_000, 50_000))


def test_the_limit_is_the_largest_that_is_decoded(monkeypatch):
    monkeypatch.setattr(perceptual, "MAX_PIXELS", SIZE[0] * SIZE[1])
    assert look(encoded(painting(), "PNG")).width == SIZE[0]
    with pytest.raises(ImageTooLarge):
        look(encoded(painting(size=(SIZE[0], SIZE[1] + 1)), "PNG"))


def test_a_picture_near_the_limit_raises_no_warning(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", SIZE[0] * SIZE[1] - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert look(encoded(painting(), "PNG")).width == SIZE[0]


def test_memory_that_is_short_is_named(monkeypatch):
    def full(picture):
        raise MemoryError

    monkeypatch.setattr(perceptual, "_grey", full)
    with pytest.raises(ImageTooLarge):
        look(encoded(painting(), "PNG"))


def test_without_pillow_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(perceptual, "find_spec", lambda name: None)
    with pytest.raises(PillowMissing) as refused:
        look(encoded(painting(), "PNG"))
    assert "crmdapp[art]" in refused.value.hint
