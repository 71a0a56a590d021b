import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vaecluster.errors import DataError
from vaecluster.look.walls import CLEAR, EMPTY, GAP, TILE, Wall

VIRIDIS = matplotlib.colormaps["viridis"](np.array([0.0, 0.5, 1.0]), bytes=True)[:, :3]
DARKEST, MIDDLE, BRIGHTEST = VIRIDIS


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image)


def tile(image: Image.Image, place: int, side: int, columns: int = 8) -> NDArray[np.uint8]:
    """The pixels of an image of `side` that was enlarged to a tile."""
    y, x = (place // columns) * (TILE + GAP), (place % columns) * (TILE + GAP)
    return pixels(image)[y : y + TILE : TILE // side, x : x + TILE : TILE // side]


def grey_rows(count: int, side: int = 8) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, side, side)).astype(np.uint8)


@pytest.mark.parametrize(
    ("shape", "tile_size"), [((8, 8), 56), ((28, 28), 56), ((32, 32), 64), ((96, 96), 96), ((200, 200), 67)]
)
def test_tiles_are_enlarged_or_shrunk_to_a_good_size(shape: tuple[int, int], tile_size: int) -> None:
    side = 8 * tile_size + 7 * GAP
    assert Wall(np.zeros((2, *shape))).image().size == (side, side)


def test_the_tile_of_row_k_holds_the_values_of_row_k() -> None:
    rows = grey_rows(64)
    image = Wall(rows, low=0, high=255).image()
    for place, row in enumerate(rows):
        enlarged = row.repeat(7, axis=0).repeat(7, axis=1)
        shown = tile(image, place, side=TILE)
        np.testing.assert_array_equal(shown, np.dstack([enlarged] * 3 + [np.full_like(enlarged, 255)]))


def test_a_strip_has_room_for_so_many_rows() -> None:
    rows = grey_rows(64)
    image = Wall(rows, low=0, high=255).strip(10, lines=7)
    assert image.size == (10 * (TILE + GAP) - GAP, 7 * (TILE + GAP) - GAP)
    np.testing.assert_array_equal(tile(image, 63, side=8, columns=10)[..., 0], rows[63])


def test_images_need_not_be_square() -> None:
    image = Wall(np.ones((1, 2, 4)), low=0, high=1).image()
    assert image.size == (8 * (56 + GAP) - GAP, 8 * (28 + GAP) - GAP)
    assert (pixels(image)[:28, :56] == 255).all()


def test_places_without_a_row_are_neutral_and_gaps_are_clear() -> None:
    image = Wall(np.zeros((1, 4, 4))).image()
    assert (tile(image, 1, side=4) == EMPTY).all()
    assert image.getpixel((TILE, 0)) == CLEAR


@pytest.mark.parametrize("shape", [(0, 8, 8), (0, 8, 8, 3), (0, 13)])
def test_a_wall_without_rows_has_the_size_of_any_other(shape: tuple[int, ...]) -> None:
    empty = Wall(np.zeros(shape)).image()
    assert empty.size == Wall(np.zeros((64, *shape[1:]))).image().size
    assert set(map(tuple, pixels(empty).reshape(-1, 4).tolist())) <= {EMPTY, CLEAR}


def test_colours_stay_colours() -> None:
    rows = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype(np.uint8)
    shown = tile(Wall(rows, 0, 255).image(), 2, side=8)
    np.testing.assert_array_equal(shown[..., :3], rows[2])
    assert (shown[..., 3] == 255).all()


def test_a_fourth_channel_is_opacity() -> None:
    rows = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 4)).astype(np.uint8)
    np.testing.assert_array_equal(tile(Wall(rows, 0, 255).image(), 0, side=8), rows[0])


def test_other_numbers_of_channels_are_shown_as_their_mean() -> None:
    rows = np.stack([np.zeros((1, 4, 4)), np.ones((1, 4, 4))], axis=-1)
    assert (tile(Wall(rows).image(), 0, side=4)[..., :3] == 128).all()


def test_one_channel_is_grey_with_or_without_its_axis() -> None:
    rows = grey_rows(5)
    assert Wall(rows).image() == Wall(rows[..., None]).image()


def test_without_bounds_the_smallest_value_is_black_and_the_largest_white() -> None:
    rows = np.array([[[-3.0, 5.0]], [[1.0, 1.0]]])
    image = Wall(rows).image()
    assert tile(image, 0, side=2)[0, :, 0].tolist() == [0, 255]
    assert tile(image, 1, side=2)[0, 0, 0] == 128


def test_constant_images_are_drawn_without_complaint() -> None:
    assert (tile(Wall(np.full((1, 4, 4), 7.0)).image(), 0, side=4) == (0, 0, 0, 255)).all()


def test_values_outside_the_bounds_and_values_that_are_not_finite_are_clipped() -> None:
    rows = np.array([[[-9.0, 9.0, np.nan, np.inf]]])
    assert tile(Wall(rows, 0, 1).image(), 0, side=4)[0, :, 0].tolist() == [0, 255, 0, 255]
    assert tile(Wall(-rows, 0, 1).image(), 0, side=4)[0, :, 0].tolist() == [255, 0, 0, 0]
    assert Wall(np.full((1, 4, 4), np.nan)).image().size == (462, 462)


def test_plain_vectors_become_a_heat_map_with_a_line_per_row_and_a_column_per_feature() -> None:
    rows = np.zeros((3, 5))
    rows[2, 4] = 1.0
    image = Wall(rows).image()
    assert image.size == (5 * 92, 64 * 7)
    shown = pixels(image)
    assert (shown[14:21, 4 * 92 :, :3] == BRIGHTEST).all()
    assert (shown[14:21, : 4 * 92, :3] == DARKEST).all()
    assert (shown[21:] == EMPTY).all()


def test_each_column_of_a_heat_map_can_have_its_own_range() -> None:
    rows = np.array([[0.0, 1000.0], [1.0, 2000.0]])
    shown = pixels(Wall(rows, low=rows.min(axis=0), high=rows.max(axis=0)).image())
    assert (shown[:7, :, :3] == DARKEST).all()
    assert (shown[7:14, :, :3] == BRIGHTEST).all()


def test_a_column_with_a_range_of_no_width_is_dark_up_to_it_and_bright_above() -> None:
    shown = pixels(Wall(np.array([[0.0], [3.0]]), low=np.zeros(1), high=np.zeros(1)).image())
    assert (shown[:7, :, :3] == DARKEST).all()
    assert (shown[7:14, :, :3] == BRIGHTEST).all()


@pytest.mark.parametrize("features", [1, 13, 300, 5000])
def test_a_heat_map_is_about_as_large_as_a_wall_of_tiles(features: int) -> None:
    width, height = Wall(np.zeros((64, features))).image().size
    assert 230 < width <= 470
    assert 440 <= height <= 470


def test_neighbouring_features_are_averaged_where_there_are_more_than_pixels() -> None:
    image = Wall(np.tile([0.0, 1.0], (1, 5000)), low=0, high=1).image()
    shown = pixels(image)[0, :, :3]
    np.testing.assert_allclose(shown, np.broadcast_to(MIDDLE, shown.shape), atol=12)


@pytest.mark.parametrize("shape", [(2,), (2, 8, 8, 3, 1), (2, 0), (65, 8, 8)])
def test_rows_that_cannot_be_shown_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="A wall shows"):
        Wall(np.zeros(shape))
