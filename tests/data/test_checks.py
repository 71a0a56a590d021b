import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vaecluster.data.checks import (
    as_array,
    check_enough,
    check_finite,
    check_images,
    check_names,
    check_numbers,
    check_row_shape,
    check_same_columns,
    describe,
)
from vaecluster.errors import DataError

quick = settings(max_examples=30, deadline=None)
NAN, INF = np.nan, np.inf


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 6), st.integers(1, 6)),
        elements=st.sampled_from([0.0, 1.0, -2.5, NAN, INF, -INF]),
    )
)
@quick
def test_rows_pass_if_and_only_if_every_number_is_finite(rows: np.ndarray) -> None:
    if np.isfinite(rows).all():
        check_finite(rows)
    else:
        with pytest.raises(DataError, match="expected finite numbers"):
            check_finite(rows)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([[1.0, NAN], [2.0, NAN]], "The rows hold 2 NaN values, in column 1; "),
        ([[INF, 0.0], [0.0, 0.0]], "The rows hold 1 infinite (inf) values, in column 0; "),
        ([[NAN, 0.0, -INF]], "The rows hold 1 NaN and 1 infinite (inf) values, in columns 0, 2; "),
        ([[NAN] * 7], "in columns 0, 1, 2, 3, 4, ...; "),
    ],
)
def test_the_columns_that_are_not_finite_are_named(rows: list[list[float]], complaint: str) -> None:
    with pytest.raises(DataError, match=re.escape(complaint)) as caught:
        check_finite(np.array(rows))
    assert "Fill them in or leave them out." in str(caught.value)


def test_columns_are_named_by_the_names_they_have() -> None:
    with pytest.raises(DataError, match="in column 'age'; "):
        check_finite(np.array([[1.0, NAN]]), ["height", "age"])


def test_images_that_are_not_finite_are_counted() -> None:
    images = np.zeros((5, 2, 2))
    images[1, 0, 0] = images[1, 1, 1] = images[4, 0, 1] = NAN
    with pytest.raises(DataError, match=re.escape("3 NaN values, in 2 of 5 images, the first in row 1 at (0, 0); ")):
        check_finite(images)


@pytest.mark.parametrize("rows", [[[INF, -INF]], [[INF], [-INF]]])
def test_both_infinities_at_once_are_an_error_and_no_warning(rows: list[list[float]]) -> None:
    with pytest.raises(DataError, match=r"2 infinite \(inf\) values"):
        check_finite(np.array(rows))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_large_finite_numbers_pass(dtype: type) -> None:
    check_finite(np.full((4, 2), np.finfo(dtype).max))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.bool_])
def test_whole_numbers_are_always_finite(dtype: type) -> None:
    check_finite(np.ones((2, 2), dtype))


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int32, np.float16, np.float64])
@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 3)])
def test_images_of_numbers_pass_as_they_are(dtype: type, shape: tuple[int, ...]) -> None:
    images = np.ones(shape, dtype)
    assert check_images(images) is images


@pytest.mark.parametrize("dtype", ["U3", "S3", object, np.complex64, "M8[s]"])
def test_images_of_anything_else_are_named_by_their_type(dtype: str | type) -> None:
    images = np.zeros((2, 2, 2), dtype)
    with pytest.raises(DataError, match=re.escape(f"The images are of type {images.dtype}; expected numbers")):
        check_images(images)


@pytest.mark.parametrize("shape", [(4, 3, 28, 28), (4, 1, 8, 5), (4, 3, 3, 5), (2, 1, 1, 100)])
def test_images_with_their_channels_first_are_refused_with_what_to_give(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError) as error:
        check_images(np.zeros(shape))
    parts = [str(shape), f"{shape[1]} channel", f"{shape[2]}x{shape[3]}", "expected (n, H, W, C)"]
    advice = ["X.transpose(0, 2, 3, 1)", "X.reshape(len(X), -1)"]
    assert all(part in str(error.value) for part in parts + advice), error.value


@pytest.mark.parametrize(
    "shape", [(4, 28, 28, 3), (4, 28, 28, 1), (4, 3, 3, 3), (4, 1, 8, 4), (4, 2, 8, 8), (4, 3, 28)]
)
def test_images_with_their_channels_last_or_of_other_numbers_pass(shape: tuple[int, ...]) -> None:
    images = np.zeros(shape, np.uint8)
    assert check_images(images) is images


@pytest.mark.parametrize("shape", [(0, 2, 2), (2, 0, 2), (2, 2, 2, 0)])
def test_images_without_pixels_are_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=re.escape(str(shape))):
        check_images(np.zeros(shape))


def test_images_must_be_finite() -> None:
    with pytest.raises(DataError, match="1 of 2 images"):
        check_images(np.array([[[0.0]], [[NAN]]]))


@pytest.mark.parametrize("rows", [np.array([["1", "2"]]), np.array([[b"a"]])])
def test_text_is_no_number(rows: np.ndarray) -> None:
    with pytest.raises(DataError, match="The rows hold text; expected numbers"):
        check_numbers(rows)


@pytest.mark.parametrize("rows", [np.ones((2, 2)), np.array([[1, "2"]], object), np.array(None)])
def test_numbers_and_what_can_be_read_as_numbers_pass(rows: np.ndarray) -> None:
    check_numbers(rows)


@pytest.mark.parametrize("frame", [pd.DataFrame({"a": [1.0]})[[]], pd.DataFrame(), pl.DataFrame()])
def test_a_frame_without_columns_is_refused(frame: object) -> None:
    with pytest.raises(DataError, match=r"X has no columns; expected one or more\. Check"):
        check_names(list(frame.columns))


@pytest.mark.parametrize(
    ("fitted", "advice"),
    [
        (["a", "b"], "Use X[model.feature_names_in_], with every column"),
        # Numbers for names leave no such attribute.
        (["0", "-1"], "Give '0', '-1' in this order, with every column"),
    ],
)
def test_columns_in_another_order_are_refused_with_what_to_give(fitted: list[str], advice: str) -> None:
    check_same_columns(fitted, fitted)
    with pytest.raises(DataError, match=re.escape(f"elsewhere are '{fitted[1]}', '{fitted[0]}'. {advice}")):
        check_same_columns(fitted[::-1], fitted)


def test_there_must_be_as_many_rows_as_clusters() -> None:
    rows = np.arange(6.0).reshape(3, 2)
    check_enough(rows, 3)
    with pytest.raises(DataError, match="n_samples=3 is fewer than n_clusters=4"):
        check_enough(rows, 4)


@pytest.mark.parametrize("shape", [(4, 2), (4, 2, 2)])
def test_rows_that_are_all_the_same_are_an_error(shape: tuple[int, ...]) -> None:
    rows = np.full(shape, 3.0)
    with pytest.raises(DataError, match="All 4 rows are the same"):
        check_enough(rows, 2)
    rows[-1, -1] += 1
    check_enough(rows, 2)


def test_a_single_row_is_refused() -> None:
    with pytest.raises(DataError, match="n_samples=1: a single row"):
        check_enough(np.ones((1, 3)), 1)


@pytest.mark.parametrize(
    ("shape", "fitted", "complaint"),
    [
        ((5,), (4,), "Each row is a vector of 5 columns, but the fit was on a vector of 4 columns. Give the same"),
        ((8, 8), (28, 28), "Each row is an image of 8x8, but the fit was on an image of 28x28. Resize the images"),
        ((64,), (8, 8), "Each row is a vector of 64 columns, but the fit was on an image of 8x8."),
        ((8, 8, 3), (8, 8), "Each row is an image of 8x8x3, but the fit was on an image of 8x8."),
    ],
)
def test_rows_laid_out_otherwise_than_in_the_fit_are_an_error(
    shape: tuple[int, ...], fitted: tuple[int, ...], complaint: str
) -> None:
    check_row_shape(fitted, fitted)
    with pytest.raises(DataError, match=re.escape(complaint)):
        check_row_shape(shape, fitted)


def test_a_layout_is_described_in_words() -> None:
    assert describe((1, 2, 3)) == "an image of 1x2x3"


def test_images_of_several_sizes_are_to_be_resized():
    images = [np.zeros((8, 9, 3)), np.zeros((10, 9, 3))]
    with pytest.raises(DataError, match=r"sizes, such as 8x9x3 and 10x9x3; expected one size\. Resize them"):
        as_array(images)
