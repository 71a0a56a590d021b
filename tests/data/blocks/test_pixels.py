from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vaecluster.data.blocks import Pixels
from vaecluster.errors import DataError
from vaecluster.model.likelihood import OF_NUMBERS

quick = settings(max_examples=25, deadline=None)
shapes = st.lists(st.integers(1, 4), min_size=3, max_size=4).map(tuple)
byte_images = shapes.flatmap(lambda shape: hnp.arrays(np.uint8, shape))
float_images = shapes.flatmap(lambda shape: hnp.arrays(np.float32, shape, elements=st.floats(-50, 50, width=32)))


def pixels(images: np.ndarray, likelihood: str = "gaussian") -> Pixels:
    """Read an image at a time."""
    return Pixels.of(lambda: ((image[None], None) for image in images), images.shape[1:], images.dtype, likelihood)


@given(byte_images)
@quick
def test_bytes_come_back_exactly(images: np.ndarray) -> None:
    restored = pixels(images).restore(pixels(images).encode(images))
    assert restored.dtype == np.uint8
    np.testing.assert_array_equal(restored, images)


@pytest.mark.parametrize("dtype", [np.bool_, np.int16, np.uint16, np.float16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize("shape", [(6, 3, 2), (6, 3, 2, 3)])
def test_pixels_of_any_type_come_back_in_their_type(dtype: Any, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    restored = pixels(images).restore(pixels(images).encode(images))
    assert restored.dtype == images.dtype
    np.testing.assert_allclose(restored.astype(float), images.astype(float), atol=1e-6)


@given(float_images.filter(lambda images: np.ptp(images) > 1e-3))
@quick
def test_float_pixels_fill_zero_to_one_and_come_back(images: np.ndarray) -> None:
    encoded = pixels(images).encode(images)
    assert (encoded.min(), encoded.max()) == (0, 1)
    np.testing.assert_allclose(pixels(images).restore(encoded), images, atol=2e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.bool_])
@pytest.mark.parametrize("value", [0, 1])
def test_images_of_one_value_become_finite_numbers_and_come_back(dtype: type, value: int) -> None:
    images = np.full((1, 2, 2), value, dtype)
    encoded = pixels(images).encode(images)
    assert np.isfinite(encoded).all()
    np.testing.assert_array_equal(pixels(images).restore(encoded), images)


def test_bytes_are_scaled_by_255_whatever_values_they_hold() -> None:
    images = np.array([[[51, 102]]], np.uint8)
    np.testing.assert_allclose(pixels(images).encode(images), [[[[0.2, 0.4]]]], rtol=1e-6)


@pytest.mark.parametrize(
    ("likelihood", "values", "expected"),
    [
        ("bernoulli", [0.25, 0.75], [0.25, 0.75]),
        ("bernoulli", [0.0, 2.0], [0.0, 1.0]),
        ("gaussian", [0.25, 0.75], [0.0, 1.0]),
        ("gaussian-learned", [0.25, 0.75], [0.0, 1.0]),
    ],
)
def test_float_pixels_in_zero_to_one_stay_as_they_are_where_they_are_probabilities(
    likelihood: str, values: list[float], expected: list[float]
) -> None:
    images = np.array([[values]])
    np.testing.assert_allclose(pixels(images, likelihood).encode(images).ravel(), expected)


def many(shape: tuple[int, ...], images: int = 100) -> np.ndarray:
    return np.random.default_rng(0).uniform(size=(images, *shape))


def test_channels_in_units_of_their_own_each_fill_zero_to_one() -> None:
    images = many((4, 3, 3)) * [1.0, 500.0, 0.0] + [0.0, 300.0, 7.0]
    encoded = pixels(images).encode(images)
    np.testing.assert_array_equal(encoded.min((0, 2, 3)), [0, 0, 0])
    np.testing.assert_array_equal(encoded.max((0, 2, 3)), [1, 1, 0])
    np.testing.assert_allclose(pixels(images).restore(encoded), images, rtol=1e-5)


def test_channels_of_one_unit_and_columns_of_images_keep_their_proportions() -> None:
    for images in (many((4, 3, 3)) * [1.0, 0.5, 0.2], many((4, 3)) * [0.0, 1.0, 0.01]):
        assert pixels(images).scale.shape == ()


def test_features_of_windows_whose_values_never_meet_each_fill_zero_to_one() -> None:
    windows = many((6, 3)) * [2.0, 500.0, 1.0] + [-1.0, 10_000.0, 0.0]
    encoded = pixels(windows).encode(windows)
    np.testing.assert_array_equal(encoded.min((0, 1, 2)), 0)
    np.testing.assert_array_equal(encoded.max((0, 1, 2)), 1)
    np.testing.assert_allclose(pixels(windows).restore(encoded), windows, rtol=1e-5, atol=1e-6)
    # Of few images a column says little.
    assert pixels(windows[:99]).scale.shape == ()


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2)])
@pytest.mark.parametrize("value", [500.0, -500.0, 1e308])
def test_a_broken_pixel_changes_no_other_image(shape: tuple[int, ...], value: float) -> None:
    images = many(shape)
    broken = images.copy()
    broken[7, 1, 1] = value
    whole, spoilt = (pixels(some).encode(some) for some in (images, broken))
    assert np.abs(spoilt).max() <= 4
    others = np.arange(100) != 7
    np.testing.assert_allclose(spoilt[others], whole[others], atol=0.01)
    # Of two such images in a hundred neither is.
    broken[8, 1, 1] = value / 2
    assert np.ptp(pixels(broken).encode(broken)) == 1


def test_where_nearly_all_images_are_blank_the_others_are_not_broken() -> None:
    images = np.zeros((300, 2, 2))
    images[5] = 3.0
    assert pixels(images).encode(images).max() == 1


def test_a_range_that_a_double_cannot_hold_is_refused() -> None:
    with pytest.raises(DataError, match=r"from -1e\+308 to 1e\+308.*Scale"):
        pixels(np.array([[[-1e308, 1e308]]]))


@pytest.mark.parametrize(
    ("row_shape", "shape"), [((4, 3), (1, 4, 3)), ((4, 3, 2), (2, 4, 3)), ((1, 1), (1, 1, 1)), ((2, 3, 1), (1, 2, 3))]
)
def test_images_have_their_channels_first_inside_the_model(row_shape: tuple[int, ...], shape: tuple[int, ...]) -> None:
    block = Pixels(row_shape, "<f8", np.array(0.0), np.array(1.0))
    assert block.shape == block.embedded == shape
    for number in (1, 3):
        images = np.random.default_rng(0).normal(size=(number, *row_shape))
        encoded = block.encode(images)
        assert encoded.shape == (number, *shape)
        assert encoded.dtype == np.float32
        assert block.restore(encoded).shape == images.shape


def test_a_channel_keeps_its_pixels() -> None:
    images = np.zeros((1, 2, 3, 2))
    images[0, 1, 2, 0], images[0, 0, 1, 1] = 0.5, 0.75
    block = Pixels((2, 3, 2), "<f8", np.array(0.0), np.array(1.0))
    encoded = block.encode(images)
    assert (encoded[0, 0, 1, 2], encoded[0, 1, 0, 1]) == (0.5, 0.75)
    np.testing.assert_array_equal(block.restore(encoded), images)


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_what_is_shown_of_a_pixel_lies_between_0_and_1(name: str) -> None:
    likelihood = Pixels((2, 3), "<f8", np.array(0.0), np.array(1.0)).likelihood(name, 2.5)
    assert type(likelihood) is OF_NUMBERS[name]
    numbers = torch.tensor([-50.0, 0.0, 50.0]).expand(1, 1, 2, 3)
    torch.testing.assert_close(likelihood.expected(numbers), numbers.sigmoid())


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"row_shape": (4,)}, "row_shape"),
        ({"row_shape": (2, 2, 3, 1)}, "row_shape"),
        ({"row_shape": (0, 2)}, "row_shape"),
        ({"scale": np.array(0.0)}, "no rows have"),
        ({"offset": np.array(np.inf)}, "no rows have"),
        ({"offset": np.zeros(3), "scale": np.ones(3)}, "another shape"),
        ({"dtype": "<U1"}, "dtype"),
    ],
)
def test_pixels_that_no_images_have_are_refused(change: dict[str, Any], problem: str) -> None:
    values = {"row_shape": (2, 2), "dtype": "<f8", "offset": np.array(0.0), "scale": np.array(1.0)}
    Pixels(**values).check()
    with pytest.raises(ValueError, match=problem):
        Pixels(**values | change).check()
