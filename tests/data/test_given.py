import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator

from vaecluster.data.blocks import Numbers
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.frames import FrameSource
from vaecluster.data.given import Given, given_codes, given_rows
from vaecluster.data.schema import Schema
from vaecluster.errors import DataError

TABLE = np.random.default_rng(0).normal(size=(6, 3))


def given_(X: Any, fitted: Any = None) -> Given:
    """Rows for a fit, or after a fit on other rows."""
    estimator = BaseEstimator()
    if fitted is None:
        return given_rows(estimator, X)
    before = given_rows(estimator, fitted)
    estimator.n_features_in_ = before.source.row_entries
    if before.names:
        estimator.feature_names_in_ = np.array(before.names, dtype=object)
    return given_rows(estimator, X, before.source.schema(Reading("gaussian", "columns")))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.bool_])
@pytest.mark.parametrize("shape", [(6, 3), (6, 3, 2), (6, 3, 2, 2)])
def test_rows_that_lie_well_are_not_copied(dtype: type, shape: tuple[int, ...]) -> None:
    X = np.ones(shape, dtype)
    given = given_(X)
    assert np.shares_memory(given.array, X)
    assert given.array.dtype == dtype
    assert given.doubles == (dtype == np.float64)
    assert (given.source.row_entries, given.names) == (int(np.prod(shape[1:])), ())


@pytest.mark.parametrize(
    "kind", [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.uint8, torch.int64]
)
def test_tensors_are_rows_even_out_of_a_computation(kind: torch.dtype) -> None:
    X = torch.arange(6).view(3, 2).to(kind)
    expected = X.double().numpy()
    np.testing.assert_array_equal(given_(X).array, expected)
    np.testing.assert_array_equal(given_(X.to_sparse()).array, expected)
    if kind.is_floating_point:
        np.testing.assert_array_equal(given_(2 * X.clone().requires_grad_()).array, 2 * expected)


@pytest.mark.parametrize(
    "X",
    [
        TABLE.tolist(),
        TABLE.astype(">f8"),
        np.asfortranarray(TABLE),
        TABLE.astype(object),
        TABLE.astype(str).astype(object),
        np.ma.MaskedArray(TABLE),
        pd.DataFrame(TABLE),
    ],
)
def test_whatever_numpy_can_read_is_rows_in_the_processors_order_of_bytes(X: Any) -> None:
    array = given_(X).array
    np.testing.assert_allclose(array, TABLE)
    assert array.dtype.isnative


def test_a_frame_of_plain_numbers_is_an_array_with_names() -> None:
    given = given_(pd.DataFrame(TABLE, columns=["a", "b", "c"]))
    assert given.names == ("a", "b", "c")
    np.testing.assert_array_equal(given.array, TABLE)


MIXED = pd.DataFrame({"size": [1.0, 2.0, np.nan], "colour": ["red", "blue", "red"]})


def test_a_frame_of_several_kinds_stays_a_frame() -> None:
    given = given_(MIXED)
    assert isinstance(given.source, FrameSource)
    assert (given.names, given.array, given.source.row_entries) == (("size", "colour"), None, 2)
    assert len(given_(MIXED[:1], MIXED).source) == 1
    # Names that are numbers become texts.
    assert given_(MIXED.set_axis([0, 1], axis=1)).source.names == ["0", "1"]


def test_the_estimator_is_not_changed() -> None:
    estimator = BaseEstimator()
    given_rows(estimator, pd.DataFrame(TABLE, columns=["a", "b", "c"]))
    with pytest.raises(DataError):
        given_rows(estimator, [[np.nan]])
    assert vars(estimator) == {}


@pytest.mark.parametrize(
    ("X", "fitted", "parts"),
    [
        (np.zeros((4, 3, 28, 28)), None, ["(4, 3, 28, 28)", "channels first", "X.transpose(0, 2, 3, 1)"]),
        (torch.zeros(4, 1, 8, 8), None, ["(4, 1, 8, 8)", "1 channel", "(n, H, W, C)"]),
        (csr_matrix(np.where(TABLE > 1, np.nan, 1.0)), None, ["NaN", "finite numbers"]),
        (np.ma.MaskedArray(TABLE, TABLE > 0), None, ["masked values", "X.filled(0)"]),
        ([[1.0, np.nan]], None, ["1 NaN", "column 1", "finite"]),
        (pd.DataFrame({"age": [1.0, np.inf]}), None, ["1 infinite", "column 'age'"]),
        ([[1.0], [1.0, 2.0]], None, ["not all of one length", "Fill"]),
        ([["a", "b"]], None, ["text", "numbers"]),
        ([1.0, 2.0], None, ["(2,)", "X.reshape(-1, 1)"]),
        (pd.Series([1.0, 2.0]), None, ["(2,)", "X.to_frame()"]),
        (7, None, ["7 (int)", "(n, columns)"]),
        (np.zeros((0, 3)), None, ["0 sample(s)", "(0, 3)"]),
        (np.zeros((1, 1, 1, 1, 1)), None, ["(1, 1, 1, 1, 1)", "Reshape"]),
        (np.array([["2020-01-01"]], "M8[D]"), None, ["dates", "Count the days"]),
        (TABLE.astype(complex), None, ["omplex", "real and imaginary"]),
        (pd.DataFrame(TABLE[:, :2], columns=["a", "a"]), None, ["several columns called 'a'", "Rename"]),
        (MIXED[:0], None, ["0 sample(s)"]),
        (TABLE[:, :2], TABLE, ["2 features", "3 features", "Give the columns of the fit"]),
        (np.zeros((2, 3, 3)), TABLE, ["image of 3x3", "vector of 3 columns"]),
        (TABLE, np.zeros((2, 3, 3)), ["vector of 3 columns", "image of 3x3", "Resize"]),
        (np.zeros((2, 4, 4)), np.zeros((2, 3, 3)), ["image of 4x4", "image of 3x3", "Resize"]),
        (
            pd.DataFrame(TABLE, columns=["b", "a", "c"]),
            pd.DataFrame(TABLE, columns=["a", "b", "c"]),
            ["elsewhere", "'b'"],
        ),
        (
            pd.DataFrame(TABLE, columns=["a", "b", "x"]),
            pd.DataFrame(TABLE, columns=["a", "b", "c"]),
            ["new", "'x'", "'c'"],
        ),
        (TABLE, MIXED, ["frame with columns of several kinds", "Give the same columns"]),
        (MIXED[["colour"]], MIXED, ["no column", "'size'", "in any order"]),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line_with_what_to_do(X: Any, fitted: Any, parts: list[str]) -> None:
    with pytest.raises(DataError) as error:
        given_(X, fitted)
    assert "\n" not in str(error.value)
    assert all(part in str(error.value) for part in parts), error.value


# Codes


@pytest.mark.parametrize("codes", [[[1, 2]], np.ones((3, 2)), torch.ones(3, 2, requires_grad=True), [["1", "2"]]])
def test_codes_are_single_precision(codes: Any) -> None:
    found = given_codes(codes, 2)
    assert found.dtype == np.float32
    assert found.shape[1] == 2


@pytest.mark.parametrize(
    ("codes", "parts"),
    [
        ("abc", ["'abc' (str)", "(n, 2)"]),
        ([[1j, 2]], ["(n, 2)"]),
        (np.ones((3, 4)), ["(3, 4)", "(n, 2)", "transform"]),
        (np.ones(2), ["(2,)", "(n, 2)"]),
        (np.ones((0, 2)), ["(0, 2)"]),
        ([[1.0, 2.0], [3.0, np.nan]], ["nan", "row 1", "finite"]),
        ([[1.0, 1e300]], ["inf", "row 0", "finite"]),
    ],
)
def test_codes_that_cannot_be_used_are_named(codes: Any, parts: list[str]) -> None:
    with pytest.raises(DataError) as error:
        given_codes(codes, 2)
    assert all(part in str(error.value) for part in parts), error.value


def test_a_schema_of_plain_numbers_takes_an_array_or_a_frame() -> None:
    schema = Schema((Numbers((), "<f8", np.zeros(3), np.ones(3)),))
    estimator = BaseEstimator()
    estimator.n_features_in_ = 3
    for X in (TABLE, pd.DataFrame(TABLE)):
        np.testing.assert_array_equal(given_rows(estimator, X, schema).array, TABLE)


@pytest.mark.parametrize(("shape", "what"), [((0, 3), "sample"), ((3, 0), "feature")])
def test_sparse_rows_without_entries_are_refused_only_where_there_are_none(shape: tuple[int, int], what: str) -> None:
    with pytest.raises(DataError, match=f"0 {what}"):
        given_(csr_matrix(shape))
    assert len(given_(csr_matrix((3, 2))).source) == 3


@pytest.mark.parametrize(
    ("X", "named"),
    [
        (np.column_stack([np.arange(1000, 1030), np.zeros(30), np.arange(30) % 7]), "Column 0 of X"),
        (np.column_stack([np.zeros(30), np.arange(30.0)]).astype(np.float32), "Column 1 of X"),
        (np.column_stack([np.zeros(30), np.r_[np.arange(29), 3]]), None),
        (np.column_stack([np.zeros(30), np.arange(0, 60, 2)]), None),
        (np.arange(19)[:, None], None),
    ],
)
def test_columns_of_arrays_that_number_the_rows_are_told_of(X: Any, named: str | None) -> None:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        given_(X)
    assert [str(one.message).startswith(f"{named} numbers the rows") for one in found] == [True] * (named is not None)
