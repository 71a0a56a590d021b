import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator

from vaecluster.data.blocks.reading import Reading
from vaecluster.data.given import given_rows
from vaecluster.errors import DataError, SettingError, UnclearRowsWarning

LONG = np.random.default_rng(0).normal(size=(6, 20, 3))


class Asked(BaseEstimator):
    def __init__(self, rows: str = "auto") -> None:
        self.rows = rows


@pytest.mark.parametrize(
    ("array", "warned"),
    [
        (LONG, True),
        (LONG.swapaxes(1, 2), True),
        (np.abs(LONG) * 200, True),
        (np.abs(LONG), False),
        (LONG[:, :4], False),
        ((LONG * 100).astype(int), False),
        (LONG[..., None], False),
    ],
)
def test_long_arrays_of_what_are_no_grey_values_are_taken_for_images_with_a_word(array: Any, warned: bool) -> None:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        assert not given_rows(Asked(), array).source.windows  # type: ignore[attr-defined]
        given_rows(Asked("images"), array)
    assert [one.category for one in found] == [UnclearRowsWarning] * warned


@pytest.mark.parametrize("array", [LONG, LONG[..., 0], (LONG * 9).astype(np.int8)])
def test_windows_are_what_is_said_to_be(array: Any) -> None:
    source: Any = given_rows(Asked("windows"), array).source
    assert source.windows
    with pytest.raises(DataError, match="windows of time, which have no columns"):
        list(source.by_column())


@pytest.mark.parametrize(
    ("rows", "X", "error", "says"),
    [
        ("windows", LONG[..., None], DataError, "(6, 20, 3, 1)"),
        ("windows", csr_array(LONG[..., 0]), DataError, "sparse matrix"),
        ("windows", LONG[:, :0], DataError, "(6, 0, 3)"),
        ("windows", LONG * np.array([1, 1, np.nan]), DataError, "6 of 6 windows, the first in row 0 at (0, 2)"),
        ("windows", np.where(LONG[..., 0] == LONG[4, 7, 0], np.inf, LONG[..., 0]), DataError, "row 4 at (7, "),
        ("images", LONG[..., 0], SettingError, "2 axes"),
        ("windows", pd.DataFrame(LONG[..., 0]), SettingError, "X is a table"),
    ],
)
def test_what_is_not_what_it_is_said_to_be_is_refused(rows: str, X: Any, error: type, says: str) -> None:
    with pytest.raises(error) as found:
        given_rows(Asked(rows), X)
    assert says in str(found.value)


@pytest.mark.parametrize(
    ("fitted", "new", "says"),
    [
        (LONG[..., :1], LONG[..., 0], ["X has shape (6, 20)", "shape (n, 20, 1)", "Give X.reshape(-1, 20, 1)."]),
        (LONG[..., 0], LONG[..., :1], ["X has shape (6, 20, 1)", "shape (n, 20)", "Give X.reshape(-1, 20)."]),
        (LONG, LONG[:, :9], ["X has shape (6, 9, 3)", "shape (n, 20, 3)", "times, then features. Cut them so."]),
    ],
)
def test_new_windows_of_another_shape_are_refused_with_what_came_and_what_to_do(
    fitted: Any, new: Any, says: list[str]
) -> None:
    schema = given_rows(Asked("windows"), fitted).source.schema(Reading("gaussian", "auto"))
    with pytest.raises(DataError) as found:
        given_rows(Asked("windows"), new, schema)
    assert all(part in str(found.value) for part in says)
