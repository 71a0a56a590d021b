import io
import re
from base64 import b64decode

import numpy as np
from markupsafe import Markup
from PIL import Image
from sklearn.datasets import load_digits, load_sample_image

from vaecluster.look.encode import coarser, length, picture
from vaecluster.look.walls import Wall


def inside(wall: Wall) -> tuple[str, bytes]:
    """The kind and the bytes of the picture of a wall in a page."""
    kind, content = re.findall(r'src="data:image/(\w+);base64,([^"]+)"', picture(wall.image(), "rows"))[0]
    return kind, b64decode(content)


def test_drawings_are_kept_to_the_last_bit_and_photographs_nearly_so_in_a_tenth_of_the_room() -> None:
    digits = Wall(load_digits().images[:64])
    kind, content = inside(digits)
    assert kind == "png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), np.asarray(digits.image()))
    photograph = load_sample_image("china.jpg")
    corners = np.random.default_rng(0).integers(0, (331, 544), (64, 2))
    photographs = Wall(np.stack([photograph[y : y + 96, x : x + 96] for y, x in corners]), 0, 255)
    kind, content = inside(photographs)
    assert kind == "webp"
    assert len(content) < 96 * 96 * 3 * 64 / 10
    shown, drawn = (
        np.asarray(one.convert("RGB"), float) for one in (Image.open(io.BytesIO(content)), photographs.image())
    )
    assert np.abs(shown - drawn).mean() < 12


def test_heat_maps_lose_no_value_and_a_picture_may_be_as_long_as_it_likes() -> None:
    values = np.random.default_rng(0).integers(0, 255, (40, 1))
    steps = Wall(np.repeat(np.repeat(values, 8, 1), 4000, 0).reshape(-1, 40, 8)[:64])
    tall = Image.fromarray(np.random.default_rng(0).integers(0, 255, (17_000, 8), np.uint8))
    for image in (steps.image(), tall):
        content = re.findall(r'base64,([^"]+)"', picture(image, "rows"))[0]
        assert np.array_equal(
            np.asarray(Image.open(io.BytesIO(b64decode(content))).convert("RGB")), np.asarray(image.convert("RGB"))
        )


def test_pictures_have_the_room_that_text_leaves_and_a_tenth_of_all_where_it_leaves_none() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8))
    parts, text = [Markup("text " * 2000), picture(noise, "noise")], length("text " * 2000)
    whole = sum(map(length, parts))
    for room, most in ((whole, whole), (whole - 1, whole - 1), (text + 1100, text + 1100), (text, text + text // 10)):
        found, share = coarser(parts, room)
        assert (found == parts) == (share == 1.0) == (room == whole)
        assert sum(map(length, found)) <= most
    assert coarser(parts[:1], 1) == (parts[:1], 1.0)
