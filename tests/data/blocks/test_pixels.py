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


def test_a_range_that_a_double_cannot_hold_is_refused() -> None:
    with pytest.raises(DataError, match=r"from -1e\+308 to 1e\+308.*Scale"):
        pixels(np.array([[[-1e308, 1e308]]]))


@pytest.mark.parametrize(
    ("row_shape", "shape"), [((4, 3), (1, 4, 3)), ((4, 3, 2), (2, 4, 3)), ((1, 1), (1, 1, 1)), ((2, 3, 1), (1, 2, 3))]
)
def test_images_have_their_channels_first_inside_the_model(row_shape: tuple[int, ...], shape: tuple[int, ...]) -> None:
    block = Pixels(row_shape, "<f8", 0.0, 1.0)
    assert block.shape == block.embedded == shape
    for number in (1, 3):
        images = np.random.default_rng(0).normal(size=(number, *row_shape))
        encoded = block.encode(images)
        assert encoded.shape == (number, *shape)
        assert encoded.dtype == np.float32
        assert block.restore(encoded).shape == images.shape


def test_a_channel_keeps_its_pixels() -> None:
    images = np.zeros((1, 2, 3, 2))
    images[0, 1, 2, 0], images[0, 0, 1, 1] = 5.0, 7.0
    block = Pixels((2, 3, 2), "<f8", 0.0, 1.0)
    encoded = block.encode(images)
    assert (encoded[0, 0, 1, 2], encoded[0, 1, 0, 1]) == (5, 7)
    np.testing.assert_array_equal(block.restore(encoded), images)


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_what_is_shown_of_a_pixel_lies_between_0_and_1(name: str) -> None:
    likelihood = Pixels((2, 3), "<f8", 0.0, 1.0).likelihood(name, 2.5)
    assert type(likelihood) is OF_NUMBERS[name]
    numbers = torch.tensor([-50.0, 0.0, 50.0]).expand(1, 1, 2, 3)
    torch.testing.assert_close(likelihood.expected(numbers), numbers.sigmoid())


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"row_shape": (4,)}, "row_shape"),
        ({"row_shape": (2, 2, 3, 1)}, "row_shape"),
        ({"row_shape": (0, 2)}, "row_shape"),
        ({"scale": 0.0}, "no rows have"),
        ({"offset": float("inf")}, "no rows have"),
        ({"dtype": "<U1"}, "dtype"),
    ],
)
def test_pixels_that_no_images_have_are_refused(change: dict[str, Any], problem: str) -> None:
    values = {"row_shape": (2, 2), "dtype": "<f8", "offset": 0.0, "scale": 1.0}
    Pixels(**values).check()
    with pytest.raises(ValueError, match=problem):
        Pixels(**values | change).check()
