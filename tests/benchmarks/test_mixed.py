"""What is quick of the benchmark of mixed tables, as laws."""

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.mixed import CASES, NUMBERS_ALONE, Coded, errors, others
from benchmarks.peers import ENVIRONMENT

TABLE = pa.table(
    {"size": [1.0, None, 3.0, 4.0], "colour": ["red", "blue", None, "red"], "odd": [True, False, True, None]}
)
KINDS = {"size": "number", "colour": "category", "odd": "boolean"}


def coded() -> Coded:
    return Coded(TABLE, KINDS)


def test_gaps_are_filled_with_the_median_and_the_most_frequent_category():
    assert coded().usual().tolist() == [3, 1, 1]
    np.testing.assert_array_equal(coded().filled()[:, 0], [1, 3, 3, 4])


def test_numbers_are_standardised_and_categories_one_hot_and_both_come_back():
    filled = coded().filled()
    assert coded().wide(filled).shape == (4, 5)
    np.testing.assert_allclose(coded().narrow(coded().wide(filled, first=1)), filled)
    assert np.isnan(coded().wide(coded().values)[1]).tolist() == [True, False, False, False, False]


def test_what_is_asked_for_and_right_is_no_error():
    filled = coded().filled()
    removed = ~np.isnan(coded().values)
    assert errors(filled, coded(), removed) == {"numbers": 0, "categories": 0}
    wrong = filled + np.array([np.nanstd(coded().values[:, 0]), 1, 0])
    assert errors(wrong, coded(), removed) == pytest.approx({"numbers": 1, "categories": 0.5})


def test_there_are_ten_tables_of_which_three_are_there_without_the_peers():
    assert len({case.key for case in CASES}) == len(CASES) == 10
    for case in CASES:
        if case.name in ("iris", "wine", "breast cancer"):
            table, classes = case.drawn(0)
            assert case.group == NUMBERS_ALONE
            assert len(table) == len(classes)


@pytest.mark.skipif(not ENVIRONMENT.exists(), reason="`make peers` was not run")
def test_the_others_find_groups_that_are_far_apart():
    groups = np.arange(90) % 3
    table = pa.table(
        {"size": 100.0 * groups + np.arange(90) / 90, "colour": np.array(["red", "blue", "grey"])[groups]}
    )
    found = others(Coded(table, {"size": "number", "colour": "category"}), 3, 0)
    assert set(found) == {"k-means", "k-prototypes", "umap-mixture"}
    for labels in found.values():
        assert len(set(zip(labels, groups, strict=True))) == 3
