from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from vaecluster.views.copies import Copies
from vaecluster.views.neighbours import Neighbours
from views.test_neighbours import all_of, as_they_are

Rows = NDArray[np.float64]
RANDOM = np.random.default_rng(0)
DISTINCT = RANDOM.normal(size=(60, 3))


def times(often: Callable[[], NDArray[np.integer] | int]) -> Rows:
    """The distinct rows so often, in any order."""
    return RANDOM.permutation(np.repeat(DISTINCT, often(), axis=0))


CASES = {
    "twice": (times(lambda: 2), True),
    "five times": (times(lambda: 5), True),
    "drawn again and again": (times(lambda: RANDOM.poisson(4, 60)), True),
    "once": (DISTINCT, False),
    "a third twice": (times(lambda: np.arange(60) % 3 // 2 + 1), False),
    "some very often": (times(lambda: np.arange(60) % 10 // 9 * 20 + 1), False),
    "rounded": (np.round(RANDOM.normal(size=(600, 2))), False),
    "a few rows": (np.repeat(DISTINCT[:19], 5, axis=0), False),
    "one row": (np.ones((50, 3)), False),
}


@pytest.mark.parametrize(("rows", "seen"), CASES.values(), ids=CASES)
def test_copies_are_seen_where_all_rows_come_about_as_often(rows: Rows, seen: bool) -> None:
    copies = Copies.of(as_they_are(rows))
    assert (copies is not None) == seen
    if copies is not None:
        np.testing.assert_array_equal(rows[copies.first][copies.which], rows)
        assert len(copies.first) == len(np.unique(rows, axis=0))


@pytest.mark.parametrize("rows", [rows for rows, seen in CASES.values() if seen], ids=["twice", "five", "drawn"])
def test_neighbours_are_copies_of_those_of_the_distinct_rows(rows: Rows) -> None:
    found, which = all_of(Neighbours(4).find(as_they_are(rows))), Copies.of(as_they_are(rows)).which
    first = np.unique(which, return_index=True)[1]
    alone = Neighbours(4).find(as_they_are(rows[first]))
    np.testing.assert_array_equal(which[found], all_of(alone)[which])
    # Each copy is drawn.
    assert len(np.unique(found)) > 0.8 * len(rows)
    np.testing.assert_array_equal(found, all_of(Neighbours(4).find(as_they_are(rows))))
